import type { FastifyBaseLogger } from 'fastify'
import type { Caller, Carried, CloseReason, Connection, Link, LinkOwner, Session as PublicSession } from '../../types/index.js'
import { adviseHandshake, adviseNone } from '../protocol/advice.js'
import { serviceChannel } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { ConnectRequest, ReplyMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { Broker } from './broker.js'
import { Bucket } from './bucket.js'
import { Delivery } from './delivery.js'
import type { ConnectWords, HeldConnect } from './held-connect.js'
import { Lane } from './lane.js'
import { replyTo, type Request } from './request.js'
import type { Subscriber } from './subscriptions.js'
import type { Flushable } from './tick.js'
import { now, type Due } from './wheel.js'

/**
 * A handshaken client: one lane in, one outbox out. Its connection (a WebSocket, at most one) and its
 * held connect are apart: events are pushed to the one, or complete the other.
 */
export class Session implements PublicSession, LinkOwner, Subscriber, Flushable, Carried, Due {
  readonly id: string
  readonly number: number
  readonly caller: Caller
  identity: unknown
  readonly lane = new Lane()
  readonly #bucket: Bucket | null
  readonly delivery: Delivery
  readonly subscriptions = new Set<string>()
  readonly links = new Map<string, Link>()
  readonly state = new Map<string, unknown>()
  /** The WebSocket that carries it, null between two polls. */
  connection: Connection | null = null
  /** Whether a later request must bring the cookie, because one did. */
  bound: boolean
  /** Whether it ever connected. */
  connected = false
  ended = false
  // For the wheel, the tick and overlapping subscriptions.
  due = Infinity
  slot = 0
  marked = false
  stamp = 0
  readonly #broker: Broker
  #log: FastifyBaseLogger | null = null
  #held: HeldConnect | null = null
  #transport: string | null = null
  #interval = 0
  // When its identity ends, on the clock of the wheel.
  #expires = Infinity
  // When its held connect is due, or its life without a connection.
  #ends = Infinity

  constructor (broker: Broker, id: string, number: number, caller: Caller, identity: unknown) {
    this.#broker = broker
    this.id = id
    this.number = number
    this.caller = caller
    this.identity = identity
    this.#expires = this.#expiryOf(identity)
    this.bound = caller.cookieCame
    this.delivery = new Delivery(broker, this)
    const { messageRate, messageBurst } = broker.limits
    this.#bucket = messageRate === undefined ? null : new Bucket(messageRate, messageBurst)
    this.#rest()
  }

  get session (): this {
    return this
  }

  get log (): FastifyBaseLogger {
    this.#log ??= this.#broker.log.child({ session: this.number })
    return this.#log
  }

  get services (): string[] {
    return [...this.links.keys()]
  }

  get transport (): string | null {
    return this.#transport
  }

  // Connections

  /**
   * Moves to the connection of a connect, if it is not there already; whoever held it before loses it at once.
   * @param interval ms that the client wants to wait before its next connect; it counts up to `timeout`
   */
  attach (connection: Connection, interval: number = 0): void {
    this.#interval = Math.min(interval, this.#broker.config.timeout)
    const previous = this.connection
    const held = this.#held
    this.#keep(null)
    this.connection = connection.pushes && connection.open ? connection : null
    this.#transport = connection.caller.transport
    if (previous !== this.connection) {
      this.connection?.sessions.add(this)
      if (previous !== null) this.#broker.counters.takenOver++
      this.#broker.tick.mark(this)
    }
    // One held connect a session: a second ends the first, which goes without the events that wait.
    if (held !== null) {
      if (held.connection !== this.connection) held.connection.sessions.delete(this)
      this.answerConnect(held.message, held.connection, held.slot, { withEvents: false })
    }
    if (previous !== null && previous !== this.connection) this.#leave(previous, 'taken over')
    this.#rest()
  }

  /** Its connection is gone; it lives on for a while. */
  lost (connection: Connection): void {
    connection.sessions.delete(this)
    if (this.#held?.connection === connection) this.#keep(null)
    if (this.connection === connection) this.connection = null
    if (this.connection === null) this.#transport = null
    this.#rest()
  }

  #leave (connection: Connection, reason: CloseReason | null): void {
    connection.sessions.delete(this)
    if (reason !== null && connection.sessions.size === 0) connection.close(reason)
  }

  // When it expires, unless something happens before: told to the wheel at each change.
  #rest (): void {
    const { config, limits, wheel } = this.#broker
    if (this.#held !== null) this.#ends = this.#held.deadline
    else if (!this.connected) this.#ends = now() + limits.handshakeWithoutConnect
    else if (this.connection !== null) this.#ends = Infinity
    else this.#ends = now() + Math.max(config.interval, this.#interval) + config.maxInterval
    wheel.set(this, Math.min(this.#ends, this.#expires))
  }

  // Its identity

  /** Takes a new identity of the same person. */
  renew (identity: unknown): void {
    this.identity = identity
    this.#expires = this.#expiryOf(identity)
    this.#rest()
  }

  #expiryOf (identity: unknown): number {
    const at = this.#broker.authentication.identityExpires?.(identity)
    return typeof at === 'number' ? now() + at - Date.now() : Infinity
  }

  // The held connect

  /** Holds a connect until there is something to say, or for `timeout` ms. */
  hold (request: Request<{ operation: 'connect', message: ConnectRequest }>, timeout: number): void {
    const { connection, slot, incoming: { message } } = request
    if (!connection.open) return
    connection.sessions.add(this)
    this.#keep({ message, connection, slot, deadline: now() + timeout })
    this.#rest()
  }

  #keep (held: HeldConnect | null): void {
    if (this.#held !== null) this.#broker.polls.leave(this.#held)
    if (held !== null) this.#broker.polls.enter(held)
    this.#held = held
  }

  /** Answers the held connect, if there is one, with what waits. */
  release (words: ConnectWords = {}): void {
    const held = this.#held
    if (held === null) return
    this.#keep(null)
    if (held.connection !== this.connection) held.connection.sessions.delete(this)
    this.#rest()
    this.answerConnect(held.message, held.connection, held.slot, words)
  }

  /** Answers a connect; over HTTP with the events that wait before it. */
  answerConnect (message: ConnectRequest, connection: Connection, slot: number, words: ConnectWords = {}): void {
    const { advice = this.#broker.config.connectAdvice, error, withEvents = true, more } = words
    const events = withEvents && !this.delivery.pushes ? this.delivery.takeAll() : []
    const reply: ReplyMessage = { ...replyTo(message, this.id), advice, ...more }
    const { batch } = this.delivery
    if (batch !== null && withEvents) reply.ext = { ...reply.ext, ack: batch }
    if (error !== undefined) Object.assign(reply, { successful: false, error })
    this.#broker.answer({ connection, slot, session: this }, [reply], events)
  }

  /** The wheel: something of it is due. */
  timeUp (): void {
    const time = now()
    if (this.#expires <= time) {
      this.#broker.end(this, 'unauthenticated', { advice: adviseHandshake(), error: refusal(401, this.id, 'Identity expired') })
    } else if (this.#ends > time) this.#broker.wheel.set(this, Math.min(this.#ends, this.#expires))
    else if (this.#held !== null) this.release()
    else this.#broker.end(this, 'expired')
  }

  /** Whether its rate of messages allows one more. */
  mayStillSend (): boolean {
    return this.#bucket === null || this.#bucket.take()
  }

  // Events out

  /** @returns false where the session has ended */
  deliver (channel: string, data: unknown): boolean {
    return this.#broker.deliver(this.id, channel, data)
  }

  disconnect (reason: string = 'Disconnected by the server'): void {
    this.#broker.end(this, 'kicked', { advice: adviseNone(), error: refusal(403, this.id, reason) })
  }

  take (event: Outgoing): void {
    this.#broker.counters.delivered++
    this.queue(event)
    if (event.kind === 'broadcast' && this.delivery.overflows()) this.#overflow()
  }

  receive (events: readonly Outgoing[]): void {
    for (const event of events) this.queue(event)
    this.delivery.consider()
  }

  get congested (): boolean {
    return this.delivery.congested
  }

  queue (outgoing: Outgoing): void {
    if (!this.ended) this.delivery.queue(outgoing)
  }

  flush (): void {
    if (this.delivery.pushes) this.delivery.push()
    else if (this.delivery.hasNews) this.release()
  }

  linkEnded (link: Link, reason: string, error?: Refusal): void {
    if (this.links.get(link.service) !== link) return
    this.links.delete(link.service)
    if (error !== undefined) this.#broker.counters.refuse(error)
    const channel = serviceChannel(link.service)
    this.subscriptions.delete(channel)
    const ext = { service: error === undefined ? { state: 'ended', reason } : { state: 'ended', reason, error } }
    this.queue(Outgoing.reply({ channel: '/meta/unsubscribe', successful: true, subscription: channel, clientId: this.id, ext }))
    this.#broker.emit('unsubscribe', this, channel)
  }

  #overflow (): void {
    this.#broker.counters.overflowed++
    this.delivery.clear()
    this.#broker.end(this, 'overflow', { advice: adviseHandshake(), error: refusal(413, this.id, 'Too many events wait: read faster') })
  }

  // The end

  /** Says its last words and lets go of its connection. Only the broker ends a session. */
  finish (words: ConnectWords, close: CloseReason | null): void {
    const { connection } = this
    if (this.#held !== null) this.release(words)
    else if (words.error !== undefined && connection !== null) {
      this.queue(Outgoing.reply({ channel: '/meta/connect', clientId: this.id, successful: false, error: words.error, advice: words.advice }))
    }
    this.flush()
    // The last words go, though the client reads slowly: nothing follows them.
    const last = connection === null ? [] : this.delivery.takeAll()
    if (connection !== null && last.length > 0) connection.send(last, this.id, 0)
    this.ended = true
    this.connection = null
    this.#broker.wheel.set(this, Infinity)
    if (connection !== null) this.#leave(connection, close)
  }
}
