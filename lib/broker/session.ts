import type { FastifyBaseLogger } from 'fastify'
import type { Caller, CallSettings, Carried, Connection, Link, LinkOwner, Recipient } from '../../types/index.js'
import { adviseHandshake, adviseNone } from '../protocol/advice.js'
import { serviceChannel } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { Broker } from './broker.js'
import { Bucket } from './bucket.js'
import { Delivery } from './delivery.js'
import { Lane } from './lane.js'
import { Lifeline } from './lifeline.js'
import type { Subscriber } from './subscriptions.js'
import type { Flushable } from './tick.js'
import { now } from './wheel.js'

/**
 * A handshaken client: one lane in, one delivery out, and a lifeline that outlives its connections.
 * It owns its subscriptions and its links.
 */
export class Session implements Recipient, LinkOwner, Subscriber, Flushable, Carried {
  readonly id: string
  readonly number: number
  readonly caller: Caller
  identity: unknown
  readonly lane = new Lane()
  readonly delivery: Delivery
  readonly lifeline: Lifeline
  /** Whether a later request must bring the cookie, because one did. */
  bound: boolean
  ended = false
  // For the tick, and for overlapping subscriptions.
  marked = false
  stamp = 0
  readonly #broker: Broker
  readonly #bucket: Bucket | null
  readonly #born = now()
  #log: FastifyBaseLogger | null = null
  // Some have none.
  #subscriptions: Set<string> | null = null
  #links: Map<string, Link> | null = null
  #state: Map<string, unknown> | null = null

  constructor (broker: Broker, id: string, number: number, caller: Caller, identity: unknown) {
    this.#broker = broker
    this.id = id
    this.number = number
    this.caller = caller
    this.bound = caller.cookieCame
    this.delivery = new Delivery(broker, this)
    this.lifeline = new Lifeline(broker, this)
    const { messageRate, messageBurst } = broker.limits
    this.#bucket = messageRate === undefined ? null : new Bucket(messageRate, messageBurst)
    this.renew(identity)
  }

  get subscriptions (): Set<string> {
    this.#subscriptions ??= new Set()
    return this.#subscriptions
  }

  get links (): Map<string, Link> {
    this.#links ??= new Map()
    return this.#links
  }

  /** Conversations with services. */
  get linkCount (): number {
    return this.#links?.size ?? 0
  }

  get state (): Map<string, unknown> {
    this.#state ??= new Map()
    return this.#state
  }

  get session (): this {
    return this
  }

  get log (): FastifyBaseLogger {
    this.#log ??= this.#broker.log.child({ session: this.number })
    return this.#log
  }

  get services (): string[] {
    return this.#links === null ? [] : [...this.#links.keys()]
  }

  get transport (): string | null {
    return this.lifeline.transport
  }

  get connection (): Connection | null {
    return this.lifeline.connection
  }

  get age (): number {
    return Math.round(now() - this.#born)
  }

  get waiting (): number {
    return this.delivery.waiting
  }

  /** Whether it is old enough that its client has stopped looking for a way to connect. */
  get settled (): boolean {
    return now() - this.#born >= this.#broker.limits.handshakeWithoutConnect
  }

  /** Takes an identity: the one of its handshake, or a later one of the same person. */
  renew (identity: unknown): void {
    this.identity = identity
    this.lifeline.expireAt(this.#broker.authentication.identityExpires?.(identity))
  }

  /** Whether its rate of messages allows one more. */
  mayStillSend (): boolean {
    return this.#bucket === null || this.#bucket.take()
  }

  /** @returns false where the session has ended */
  deliver (channel: string, data: unknown): boolean {
    return this.#broker.deliver(this.id, channel, data)
  }

  call (method: string, params?: unknown, settings: CallSettings = {}): Promise<any> {
    return this.#broker.own.rpc.call(this, method, params, settings)
  }

  disconnect (reason: string = 'Disconnected by the server'): void {
    this.#broker.end(this, 'kicked', { advice: adviseNone(), error: refusal(403, this.id, reason) })
  }

  // Events for its client

  take (event: Outgoing): void {
    this.#broker.counters.delivered++
    this.queue(event)
    if (event.kind === 'broadcast' && this.delivery.overflows()) this.#overflow(event)
  }

  #overflow (event: Outgoing): void {
    const drops = this.#broker.channels?.drops
    if (drops?.(event.message.channel as string) === true) return this.delivery.dropOldest(drops)
    this.tooSlow()
  }

  /** It is ended, for more waits for it than may. */
  tooSlow (): void {
    this.#broker.counters.overflowed++
    this.delivery.clear()
    this.#broker.end(this, 'overflow', { advice: adviseHandshake(), error: refusal(413, this.id, 'Too many events wait: read faster') })
  }

  queue (outgoing: Outgoing): void {
    if (!this.ended) this.delivery.queue(outgoing)
  }

  flush (): void {
    if (this.delivery.pushes) this.delivery.push()
    else if (this.delivery.hasNews) this.lifeline.release()
  }

  lost (connection: Connection): void {
    this.lifeline.lost(connection)
    // A session of Nodefony's dialect ends with its socket.
    if (connection.pushes && connection.bare) this.#broker.end(this, 'closed')
  }

  // Its links

  receive (events: readonly Outgoing[]): void {
    for (const event of events) this.queue(event)
    this.delivery.pushMuch()
    this.delivery.consider()
  }

  offer (event: Outgoing): boolean {
    this.#broker.counters.delivered++
    this.queue(event)
    if (this.ended || !this.delivery.overflows()) return true
    this.#broker.counters.overflowed++
    this.delivery.forget(({ kind, message }) => kind === 'broadcast' && message.channel === event.message.channel)
    return false
  }

  get congested (): boolean {
    return this.delivery.congested
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
}
