import type { EventEmitter } from 'node:events'
import type { BackplaneMetrics, Health, Realtime, RuntimeServices } from '../types/index.js'
import { after } from './broker/after.js'
import { refuseEvent } from './broker/application-event.js'
import type { Broker } from './broker/broker.js'
import type { Presence } from './broker/presence.js'
import type { Calls } from './calls/calls.js'
import { UsageError } from './errors.js'
import { readCall, type ServiceOptions } from './options/index.js'
import type { Nodes } from './nodes/nodes.js'
import { ownName, readChannel, serviceName } from './protocol/channel.js'
import { refusalText } from './protocol/error.js'
import type { ServiceDirectory } from './services/services.js'
import { Injected } from './transports/inject.js'

/** What `app.realtime` reaches; `plugin.ts` hands it over. */
export interface RealtimeParts {
  readonly broker: Broker
  readonly runtime: RuntimeServices
  readonly services: ServiceDirectory
  readonly calls: Calls
  /** Null where no channel has it. */
  readonly presence: Presence | null
  /** Null where this is the only node. */
  readonly nodes: Nodes | null
  readonly emitter: EventEmitter
  /** The gateway's, with the prefix of its scope. */
  readonly path: string
}

// What a node counts that is alone.
const ALONE: BackplaneMetrics = {
  nodes: 1,
  interests: 0,
  guests: 0,
  remoteConnections: 0,
  backplaneOut: 0,
  backplaneIn: 0,
  backplaneRefused: 0,
  backplaneRecovered: 0,
  backplaneMissed: 0,
  relayed: 0,
  adopted: 0
}

/** `app.realtime`: what an application may do, checked where it comes in. */
export function realtimeOf ({ broker, runtime, services, calls, presence, nodes, emitter, path }: RealtimeParts): Realtime {
  const shapeOf = (channel: string) => {
    const shape = typeof channel === 'string' ? readChannel(channel, broker.limits) : null
    if (shape === null) throw new UsageError(`Malformed channel: ${channel}`)
    return shape
  }
  return {
    publish (channel, data, options) {
      const wrong = refuseEvent(broker, channel, data)
      if (wrong !== null) throw new UsageError(`${channel}: ${refusalText(wrong)}`)
      const published = broker.publish(channel, data, null, options)
      if (published !== null) after(published, refused => logRefusal(broker, channel, refused))
    },
    deliver (clientId, channel, data) {
      const { kind, pattern } = shapeOf(channel)
      if (pattern || kind === 'meta') throw new UsageError(`Nothing can be delivered on: ${channel}`)
      return broker.deliver(clientId, channel, data)
    },
    subscribe (pattern, listener) {
      const shape = shapeOf(pattern)
      if (shape.kind === 'meta' || (shape.kind === 'service' && (shape.pattern || ownName(serviceName(pattern)) !== null))) throw new UsageError(`Nobody can listen to: ${pattern}`)
      return broker.listen(pattern, listener)
    },
    handle (name, definition) {
      const options = readCall(name, definition)
      if (calls.has(name)) throw new UsageError(`There is a handler already: ${name}`)
      return calls.set(name, options)
    },
    presence (channel) {
      shapeOf(channel)
      const present = presence?.of(channel) ?? null
      if (present === null) throw new UsageError(`No presence on: ${channel}`)
      return present
    },
    disconnect (where, reason) {
      const picked = [...broker.sessions.values()].filter(where)
      for (const session of picked) session.disconnect(reason)
      return picked.length
    },
    on (name, listener) {
      emitter.on(name, listener as () => void)
      return this
    },
    once (name, listener) {
      emitter.once(name, listener as () => void)
      return this
    },
    off (name, listener) {
      emitter.off(name, listener as () => void)
      return this
    },
    sessions: broker.sessions,
    session: clientId => broker.sessions.get(clientId) ?? nodes?.session(clientId) ?? null,
    inject: options => new Injected(broker, path, options),
    services: runtime,
    metrics: () => ({ ...broker.metrics(), ...services.metrics(), ...calls.metrics(), ...presence?.metrics() ?? { presenceMembers: 0, presenceWatchers: 0 }, ...nodes?.metrics() ?? ALONE }),
    health: () => healthOf(broker, services, nodes)
  }
}

function logRefusal ({ log }: Broker, channel: string, error: string | null): void {
  if (error !== null) log.error({ channel, error }, 'an event of the application was not published')
}

function healthOf ({ closing, sessions, limits }: Broker, services: ServiceDirectory, nodes: Nodes | null): Health {
  const state = closing ? 'closing' : sessions.size >= limits.sessions ? 'full' : 'open'
  const known = services.health()
  const backplane = nodes?.health()
  const ok = state === 'open' && backplane?.ok !== false && Object.values(known).every(({ ok }) => ok)
  return { ok, state, sessions: sessions.size, services: known, ...(backplane !== undefined && { backplane }) }
}

/**
 * `app.realtime.services`: services that come and go while the gateway runs.
 * @param read checks a definition and fills in its defaults
 */
export function runtimeOf (services: ServiceDirectory, read: (name: string, definition: unknown) => ServiceOptions): RuntimeServices {
  return {
    get names () {
      return services.names
    },
    has: name => services.has(name),
    set (name, definition) {
      services.set(name, read(name, definition))
      return this
    },
    delete: name => services.delete(name),
    check: name => services.check(name)
  }
}
