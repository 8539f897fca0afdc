import type { FastifyBaseLogger } from 'fastify'
import type { BackplaneMetrics, CallMetrics, CloseReason, Connection, EndReason, Listener, Metrics, Nodes, Policy, PresenceMetrics, ServiceMetrics, Services, Watchers } from '../../types/index.js'
import type { Limits } from '../limits.js'
import { adviseHandshake, adviseNone, type Advice } from '../protocol/advice.js'
import type { Batch } from '../protocol/codec.js'
import { refusalCode, refusalText, type Refusal } from '../protocol/error.js'
import type { Checked, EventMessage, MessageId, ReplyMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import { Admission } from './admission.js'
import { isThenable, type Eventually } from './after.js'
import type { Channels } from './channels.js'
import { Counters } from './counters.js'
import { Extensions } from './extensions.js'
import { fanOut } from './fan-out.js'
import { Farewell } from './farewell.js'
import { HeldConnects, type ConnectWords } from './held-connect.js'
import { LastWords } from './last-words.js'
import type { Lifeline } from './lifeline.js'
import { subscriberOf } from './listener.js'
import type { BrokerConfig, BrokerParts, OwnServices } from './parts.js'
import { Recorder } from './recorder.js'
import { replyTo, type Request } from './request.js'
import type { Session } from './session.js'
import { Subscriptions } from './subscriptions.js'
import { Tick } from './tick.js'
import { Wheel } from './wheel.js'

// What a WebSocket is told when its last session ends.
const closeReasons: Readonly<Record<EndReason, CloseReason>> = {
  disconnected: 'disconnected',
  moved: 'disconnected',
  expired: 'disconnected',
  closed: 'disconnected',
  kicked: 'disconnected',
  unauthenticated: 'disconnected',
  failed: 'disconnected',
  overflow: 'overflow',
  shutdown: 'shutdown'
}

// ms until a client may try again what failed through no fault of its own.
const LATER = 5000

/**
 * Sessions, subscriptions and fan-out of this node. It knows neither sockets nor requests:
 * checked messages come in with the {@link Connection} that they came on, and replies and
 * events go out on connections.
 */
export class Broker {
  readonly sessions = new Map<string, Session>()
  readonly subscriptions: Subscriptions
  /** Listeners of the application on `/service/…`; kept apart, so that no client ever stands among them. */
  readonly serviceListeners = new Subscriptions()
  readonly counters = new Counters()
  /** Sessions of Nodefony's dialect that shook hands by POST and have no socket yet, by cookie. */
  readonly unconnected = new Map<string, Session>()
  readonly polls = new HeldConnects()
  readonly lastWords: LastWords
  readonly tick = new Tick()
  readonly wheel = new Wheel<Lifeline>(lifeline => lifeline.timeUp())
  readonly extensions: Extensions
  readonly config: BrokerConfig
  readonly limits: Limits
  readonly services: Services
  readonly own: OwnServices
  /** What is said of channels; null where nothing is, so that it costs nothing. */
  readonly channels: Channels | null
  /** The other nodes; null where this is the only one, so that they cost nothing. */
  readonly nodes: Nodes | null
  /** The way of what is published to channels with a history; null where no channel has one. */
  readonly recorder: Recorder | null
  readonly policy: Policy
  readonly authentication: Pick<BrokerParts, 'authenticate' | 'renew' | 'sameIdentity' | 'identityExpires'>
  readonly emit: BrokerParts['emit']
  readonly watchers: Watchers
  readonly log: FastifyBaseLogger
  /** The way in. */
  readonly admission = new Admission(this)
  /** What clients are told from the moment when the server closes; null before. */
  farewell: Farewell | null = null

  constructor (parts: BrokerParts) {
    this.config = parts.config
    this.limits = parts.limits
    this.lastWords = new LastWords(parts.limits.sessions, parts.config.interval + parts.config.maxInterval)
    this.services = parts.services
    this.own = parts.own
    this.channels = parts.channels
    this.nodes = parts.nodes
    this.subscriptions = new Subscriptions(parts.nodes === null ? null : (name, on) => parts.nodes?.interest(name, on))
    this.recorder = parts.history === null ? null : new Recorder(this, parts.history)
    this.policy = parts.policy
    this.authentication = parts
    this.emit = parts.emit
    this.watchers = parts.watchers
    this.log = parts.log
    this.extensions = new Extensions(parts.extensions)
  }

  /** Takes the messages of one request or frame; each is answered on its connection. */
  receive (batch: Batch, connection: Connection): void {
    this.counters.messagesIn += batch.incoming.length
    this.admission.receive(batch, connection)
  }

  /** Answers a message with an error; whoever has no session any more is advised to shake hands. */
  refuse (request: Pick<Request<Checked>, 'incoming' | 'connection' | 'slot' | 'session'>, error: Refusal, more: { advice?: Advice, ext?: Record<string, unknown> } = {}): void {
    const { message } = request.incoming
    const reply = replyTo(message, request.session?.id)
    reply.successful = false
    reply.error = error
    if ('subscription' in message) reply.subscription = message.subscription
    const advice = more.advice ?? adviceFor(request, error)
    if (advice !== null) reply.advice = advice
    if (more.ext !== undefined) reply.ext = { ...reply.ext, ...more.ext }
    this.answer(request, [reply])
  }

  /**
   * Answers a message. Where a session's events are pushed, the replies take their place among them.
   * @param events that go out before the replies
   */
  answer (to: Pick<Request, 'connection' | 'slot' | 'session'>, replies: readonly ReplyMessage[], events: readonly Outgoing[] = this.#eventsBeside(to)): void {
    const { connection, slot, session } = to
    for (const reply of replies) if (reply.error !== undefined) this.#refused(reply, reply.error, to)
    const outgoing = replies.map(Outgoing.reply)
    if (session !== null && session.connection === connection && session.delivery.pushes) {
      for (const each of outgoing) session.queue(each)
      return
    }
    const send = (ready: readonly (Outgoing | null)[]) => {
      const known = ready.map((each, index) => each ?? outgoing[index] as Outgoing)
      const messages = events.length === 0 ? known : events.concat(known)
      for (const { count } of messages) this.counters.messagesOut += count
      connection.send(messages, session?.id ?? '', slot, events.length > 0)
    }
    if (!this.extensions.changesOutgoing) return send(outgoing)
    const changed = outgoing.map(each => this.extensions.outgoing(each, session))
    if (!changed.some(isThenable)) return send(changed as (Outgoing | null)[])
    Promise.all(changed).then(send, error => {
      this.log.error({ err: error }, 'an extension failed on the way out')
      send(outgoing)
    })
  }

  #refused ({ channel, subscription }: ReplyMessage, error: string, { connection, session }: Pick<Request, 'connection' | 'session'>): void {
    this.counters.refuse(error)
    const { refuse } = this.watchers
    if (refuse.hasSubscribers) refuse.publish({ session, address: connection.caller.address, channel, subscription, code: refusalCode(error), text: refusalText(error) })
  }

  // The specification's other way over HTTP: events with any answer, and no order between two of them.
  #eventsBeside ({ connection, session }: Pick<Request, 'connection' | 'session'>): readonly Outgoing[] {
    const free = !this.config.metaConnectDeliverOnly && !connection.pushes && session?.delivery.batch === null
    return free ? session.delivery.takeAll() : []
  }

  /** A connection is gone; its sessions live on for a while, those of Nodefony's dialect end with it. */
  detach (connection: Connection): void {
    for (const each of [...connection.sessions]) each.lost(connection)
  }

  /**
   * Gives an event to everybody interested, once each; its JSON is made once.
   * @param kept is told its id where a history keeps it
   * @returns null once it is queued for them; the refusal where its channel has a history that could not keep it
   */
  publish (channel: string, data: unknown, publisher: Session | null, more?: { id?: MessageId, ext?: Record<string, unknown> }, kept?: (replayId: number) => void): Eventually<Refusal | null> {
    const event: EventMessage = { channel, data }
    if (more?.id !== undefined) event.id = more.id
    if (more?.ext !== undefined) event.ext = more.ext
    const definition = this.channels?.of(channel)
    if (definition?.options.history !== undefined && this.recorder !== null) return this.recorder.publish(definition, event, publisher, kept)
    const silent = publisher !== null && definition?.options.echo === false
    fanOut(this, event, event, publisher, silent ? [publisher] : undefined)
    return null
  }

  /** @returns false where no such session lives; where it would be on another node: false where there is no such node */
  deliver (clientId: string, channel: string, data: unknown): boolean {
    const session = this.sessions.get(clientId)
    if (session === undefined) return this.nodes?.deliver(clientId, Outgoing.broadcast({ channel, data } as EventMessage)) ?? false
    const { deliver } = this.watchers
    if (deliver.hasSubscribers) deliver.publish({ channel, data, session: null, receivers: 1 })
    session.take(Outgoing.broadcast({ channel, data } as EventMessage))
    return true
  }

  /**
   * Listens as the application, to a pattern or to exactly one `/service/…` channel.
   * @returns stops listening
   */
  listen (pattern: string, listener: Listener): () => void {
    const subscriptions = pattern.startsWith('/service/') ? this.serviceListeners : this.subscriptions
    const subscriber = subscriberOf(listener, pattern, this.log)
    subscriptions.add(pattern, subscriber)
    return () => subscriptions.remove(pattern, subscriber)
  }

  /** Ends a session: its last words, its subscriptions, its conversations. */
  end (session: Session, reason: EndReason, words: ConnectWords = {}): void {
    if (session.ended) return
    // Nodefony's client waits for the server to hang up after its goodbye; others hang up themselves.
    const stays = reason === 'disconnected' && session.connection?.bare !== true
    session.lifeline.finish(words, stays ? null : closeReasons[reason])
    session.ended = true
    this.sessions.delete(session.id)
    forget(this.unconnected, session)
    for (const channel of session.subscriptions) this.subscriptions.remove(channel, session)
    this.recorder?.replays.end(session)
    for (const link of session.links.values()) link.end()
    session.links.clear()
    if (reason === 'expired') {
      this.counters.expired++
      this.emit('expire', session)
    }
    this.emit('disconnect', session, reason)
  }

  /** Nobody comes in any more. */
  get closing (): boolean {
    return this.farewell !== null
  }

  /**
   * The server closes: every client is told when to come back, and every session ends.
   * @param hosts other names of the gateway
   * @returns what clients are told
   */
  close (hosts: readonly string[]): Farewell {
    const farewell = this.farewell = new Farewell(this.sessions.size + (this.nodes?.guests ?? 0), hosts)
    for (const session of [...this.sessions.values()]) this.end(session, 'shutdown', { advice: farewell.retry() })
    this.wheel.stop()
    return farewell
  }

  metrics (): Omit<Metrics, keyof (ServiceMetrics & CallMetrics & PresenceMetrics & BackplaneMetrics)> {
    let links = 0
    for (const session of this.sessions.values()) links += session.linkCount
    return { ...this.counters.snapshot(), sessions: this.sessions.size, subscriptions: this.subscriptions.size, heldConnects: this.polls.size, links }
  }
}

/** A session of Nodefony's dialect found its socket, or its end. */
export function forget (unconnected: Map<string, Session>, session: Session): void {
  if (unconnected.get(session.caller.cookie) === session) unconnected.delete(session.caller.cookie)
}

// Without a session there is nothing to retry: whoever is refused one is told to stop, or to come back later.
function adviceFor ({ incoming: { operation }, session }: Pick<Request<Checked>, 'incoming' | 'session'>, error: Refusal): Advice | null {
  if (operation !== 'handshake' && error.startsWith('402:')) return adviseHandshake()
  if (operation !== 'handshake' && (operation !== 'connect' || session !== null)) return null
  return error.startsWith('5') ? adviseHandshake(LATER) : adviseNone()
}
