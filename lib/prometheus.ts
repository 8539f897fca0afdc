/**
 * `import { prometheus } from 'fastify-bayeux/prometheus'`: the figures of a gateway as metrics of Prometheus. The
 * application brings `prom-client`; nothing is counted for it, and what it shows is read when it is asked.
 */
import type { Health, Metrics, Realtime } from '../types/index.js'

/** A counter or a gauge of prom-client, as far as it is used here. */
interface Metric {
  reset (): void
  inc (labels: Labels, value: number): void
}

interface Configuration<Registry> {
  name: string
  help: string
  labelNames: string[]
  registers: Registry[]
  collect (this: Metric): void
}

/** What is used of `prom-client`: the module itself fits. */
export interface PromClient<Registry> {
  readonly Gauge: new (configuration: Configuration<Registry>) => unknown
  readonly Counter: new (configuration: Configuration<Registry>) => unknown
  readonly register: Registry
}

export interface PrometheusOptions<Registry> {
  /** Where the metrics go; that of prom-client where it is left out. */
  readonly register?: Registry
  /** Before each name: `bayeux_` by default. Two gateways of one registry need two. */
  readonly prefix?: string
}

/** What is read for one scrape. */
interface Snapshot {
  readonly metrics: Metrics
  readonly health: Health
}

type Labels = Record<string, string>

/** A metric without its prefix: what it means, and its value, or values by labels. */
interface Definition {
  readonly type: 'Gauge' | 'Counter'
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  readonly values: (snapshot: Snapshot) => number | Iterable<readonly [Labels, number]>
}

const states = ['unknown', 'up', 'down', 'reconnecting'] as const

const gauge = (name: string, help: string, values: Definition['values'], labels: readonly string[] = []): Definition => ({ type: 'Gauge', name, help, labels, values })
const counter = (name: string, help: string, values: Definition['values'], labels: readonly string[] = []): Definition => ({ type: 'Counter', name: `${name}_total`, help, labels, values })

const inAndOut = (came: number, went: number): [Labels, number][] => [[{ direction: 'in' }, came], [{ direction: 'out' }, went]]
const by = (label: string, counts: Readonly<Record<string, number>>): [Labels, number][] => Object.entries(counts).map(([key, count]) => [{ [label]: key }, count])

/** A value of each service, or several. */
const byService = (of: (figures: Metrics['services'][string]) => number | [Labels, number][]) => ({ metrics }: Snapshot): [Labels, number][] =>
  Object.entries(metrics.services).flatMap(([service, figures]) => {
    const values = of(figures)
    return (typeof values === 'number' ? [[{}, values] as [Labels, number]] : values).map(([labels, value]): [Labels, number] => [{ service, ...labels }, value])
  })

const definitions: readonly Definition[] = [
  gauge('sessions', 'Sessions, now', ({ metrics }) => metrics.sessions),
  gauge('subscriptions', 'Subscriptions to broadcast channels and patterns, now', ({ metrics }) => metrics.subscriptions),
  gauge('links', 'Conversations of sessions with services, now', ({ metrics }) => metrics.links),
  gauge('held_connects', 'Connects that are held, now', ({ metrics }) => metrics.heldConnects),
  gauge('presence_members', 'Members of channels with presence, now; who is on two counts twice', ({ metrics }) => metrics.presenceMembers),
  gauge('presence_watchers', 'Subscriptions to the presence of channels, now', ({ metrics }) => metrics.presenceWatchers),
  counter('messages', 'Messages from clients (in) and to them (out)', ({ metrics }) => inAndOut(metrics.messagesIn, metrics.messagesOut), ['direction']),
  counter('published', 'Messages that were published to broadcast channels', ({ metrics }) => metrics.published),
  counter('delivered', 'Deliveries of broadcast events to sessions', ({ metrics }) => metrics.delivered),
  counter('handshakes', 'Sessions that were born', ({ metrics }) => metrics.handshakes),
  counter('sessions_expired', 'Sessions that lived too long without a connection', ({ metrics }) => metrics.expired),
  counter('sessions_overflowed', 'Sessions, and subscriptions to shared services, that ended because their client read too slowly', ({ metrics }) => metrics.overflowed),
  counter('sessions_taken_over', 'Sessions that moved to another connection', ({ metrics }) => metrics.takenOver),
  counter('events_dropped', 'Broadcast events that were dropped because their session reads too slowly', ({ metrics }) => metrics.dropped),
  counter('events_replayed', 'Events of histories that were delivered to who asked for them', ({ metrics }) => metrics.replayed),
  gauge('calls_open', 'Calls of clients (in) and to clients (out) that run, now', ({ metrics }) => inAndOut(metrics.callsRunning, metrics.clientCallsOpen), ['direction']),
  counter('calls', 'Calls of clients (in) and to clients (out)', ({ metrics }) => inAndOut(metrics.callsMade, metrics.clientCallsMade), ['direction']),
  counter('calls_failed', 'Calls of clients (in) and to clients (out) that failed', ({ metrics }) => inAndOut(metrics.callsFailed, metrics.clientCallsFailed), ['direction']),
  counter('client_pauses', 'Times that services were paused for a slow client', ({ metrics }) => metrics.clientPauses),
  counter('lane_pauses', 'Times that a client was not read because its lane was full', ({ metrics }) => metrics.lanePauses),
  counter('polls_declined', 'Connects that were not held because their browser polls already', ({ metrics }) => metrics.pollsDeclined),
  counter('refused', 'Error replies, and services that broke, by Bayeux code', ({ metrics }) => by('code', metrics.refused), ['code']),
  counter('http_refused', 'HTTP answers that are refusals, by status', ({ metrics }) => by('status', metrics.httpRefused), ['status']),
  counter('websockets_closed', 'WebSockets that the gateway closed, by code; 1006: cut for silence', ({ metrics }) => by('code', metrics.socketsClosed), ['code']),
  gauge('backplane_up', 'Whether the bus of several nodes is there; 1 where there is one node only', ({ health }) => health.backplane?.ok === false ? 0 : 1),
  gauge('nodes', 'Nodes that are there, this one among them', ({ metrics }) => metrics.nodes),
  gauge('interests', 'Channels and patterns that this node is told of by others', ({ metrics }) => metrics.interests),
  gauge('guests', 'Connections here whose sessions live on another node, now', ({ metrics }) => metrics.guests),
  gauge('remote_connections', 'Connections on other nodes whose sessions live here, now', ({ metrics }) => metrics.remoteConnections),
  counter('backplane_events', 'Events from other nodes (in) and to them (out)', ({ metrics }) => inAndOut(metrics.backplaneIn, metrics.backplaneOut), ['direction']),
  counter('backplane_refused', 'Events between nodes that were none, did not fit their channel, or were too long for the bus', ({ metrics }) => metrics.backplaneRefused),
  counter('backplane_recovered', 'Events that came late, for a node was cut off', ({ metrics }) => metrics.backplaneRecovered),
  counter('backplane_missed', 'Events that did not come at all, at most', ({ metrics }) => metrics.backplaneMissed),
  counter('relayed', 'Messages that were passed on to the node of their session', ({ metrics }) => metrics.relayed),
  counter('sessions_adopted', 'Sessions that came from another node', ({ metrics }) => metrics.adopted),
  gauge('service_state', 'How a service stands: 1 for its state, 0 for the others',
    ({ health }) => Object.entries(health.services).flatMap(([service, { state }]) => states.map((each): [Labels, number] => [{ service, state: each }, each === state ? 1 : 0])), ['service', 'state']),
  gauge('service_connections', 'Connections to a service, now', byService(({ open }) => open), ['service']),
  gauge('service_connect_seconds', 'Time that the last connection to a service took', byService(({ connectMs }) => connectMs / 1000), ['service']),
  counter('service_connections_opened', 'Connections to a service', byService(({ opened }) => opened), ['service']),
  counter('service_errors', 'Connections to a service that failed, and conversations that broke', byService(({ errors }) => errors), ['service']),
  counter('service_messages', 'Messages of a service (in) and to it (out)', byService(({ messagesIn, messagesOut }) => inAndOut(messagesIn, messagesOut)), ['service', 'direction']),
  counter('service_bytes', 'Bytes of a service (in) and to it (out)', byService(({ bytesIn, bytesOut }) => inAndOut(bytesIn, bytesOut)), ['service', 'direction']),
  counter('service_pauses', 'Publishes that waited because the service reads slowly', byService(({ pauses }) => pauses), ['service']),
  counter('service_dropped', 'Messages of a service that could not be read, did not fit its schema, or were not taken in time', byService(({ dropped }) => dropped), ['service'])
]

/**
 * Adds the metrics of a gateway to a registry, which reads them at each scrape.
 * @param client the module `prom-client`
 * @returns the registry: `register.metrics()` is the text, `register.contentType` its type
 * @throws what prom-client throws where the names are taken
 */
export function prometheus<Registry> (realtime: Pick<Realtime, 'metrics' | 'health'>, client: PromClient<Registry>, options: PrometheusOptions<Registry> = {}): Registry {
  const { register = client.register, prefix = 'bayeux_' } = options
  const read = once(() => ({ metrics: realtime.metrics(), health: realtime.health() }))
  for (const { type, name, help, labels = [], values } of definitions) {
    const Kind = client[type]
    // eslint-disable-next-line no-new
    new Kind({
      name: prefix + name,
      help,
      labelNames: [...labels],
      registers: [register],
      collect () {
        const now = values(read())
        this.reset()
        for (const [labels, value] of typeof now === 'number' ? [[{}, now] as const] : now) this.inc(labels, value)
      }
    })
  }
  return register
}

// A scrape asks all metrics in one turn: they are read once for it, and are of one moment.
function once<Value> (read: () => Value): () => Value {
  let value: Value | undefined
  return () => {
    if (value === undefined) queueMicrotask(() => { value = undefined })
    value ??= read()
    return value
  }
}
