import type { CloseReason, Connection } from '../../types/index.js'
import { adviseHandshake } from '../protocol/advice.js'
import { refusal } from '../protocol/error.js'
import type { ConnectRequest } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { Broker } from './broker.js'
import type { ConnectWords, HeldConnect } from './held-connect.js'
import { replyTo, type Request } from './request.js'
import type { Session } from './session.js'
import { now, type Due } from './wheel.js'

/**
 * What keeps a session alive: its connection (a WebSocket, at most one) and, apart from it, its held
 * connect; and when it ends if neither comes back. The wheel is told at each change.
 */
export class Lifeline implements Due {
  readonly #broker: Broker
  readonly #session: Session
  /** The WebSocket that carries the session, null between two polls. */
  connection: Connection | null = null
  /** What it connected over, null before its first connect and when its connection was lost. */
  transport: string | null = null
  /** Whether it ever connected. */
  connected = false
  // For the wheel.
  due = Infinity
  slot = 0
  #held: HeldConnect | null = null
  // ms that the client waits between two connects.
  #interval = 0
  // When the held connect is due, or the life without a connection; and when the identity ends.
  #ends = Infinity
  #expires = Infinity

  constructor (broker: Broker, session: Session) {
    this.#broker = broker
    this.#session = session
  }

  /**
   * Moves to the connection of a connect, which is then held or answered, if it is not there already; whoever held it
   * before loses it at once.
   * @param interval ms that the client wants to wait before its next connect; it counts up to `timeout`
   */
  attach (connection: Connection, interval: number = 0): void {
    const session = this.#session
    const previous = this.connection
    const held = this.#held
    this.#keep(null)
    this.#interval = Math.min(interval, this.#broker.config.timeout)
    this.connection = connection.pushes && connection.open ? connection : null
    this.transport = connection.caller.transport
    if (previous !== this.connection) {
      this.connection?.sessions.add(session)
      if (previous !== null) this.#broker.counters.takenOver++
      this.#broker.tick.mark(session)
    }
    // One held connect a session: a second ends the first, which goes without the events that wait.
    if (held !== null) {
      if (held.connection !== this.connection) held.connection.sessions.delete(session)
      this.answer(held.message, held.connection, held.slot, { withEvents: false })
    }
    if (previous !== null && previous !== this.connection) this.#leave(previous, 'taken over')
  }

  /** The connection is gone; the session lives on for a while. */
  lost (connection: Connection): void {
    connection.sessions.delete(this.#session)
    if (this.#held?.connection === connection) this.#keep(null)
    if (this.connection === connection) this.connection = null
    if (this.connection === null) this.transport = null
    this.rest()
  }

  #leave (connection: Connection, reason: CloseReason | null): void {
    connection.sessions.delete(this.#session)
    if (reason !== null && connection.sessions.size === 0) connection.close(reason)
  }

  // The held connect

  /** Holds a connect until there is something to say, or for `timeout` ms. */
  hold (request: Request<{ operation: 'connect', message: ConnectRequest }>, timeout: number): void {
    const { connection, slot, incoming: { message } } = request
    if (!connection.open) return this.rest()
    connection.sessions.add(this.#session)
    // Mostly its answer needs no more than its id: many are held, and for long.
    const plain = message.ext === undefined && message.id !== undefined
    this.#keep({ message: plain ? { channel: '/meta/connect', id: message.id } : message, connection, slot, deadline: now() + timeout })
    this.rest()
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
    if (held.connection !== this.connection) held.connection.sessions.delete(this.#session)
    this.answer(held.message, held.connection, held.slot, words)
  }

  /** Answers a connect; where events are not pushed, with those that wait before it. */
  answer (message: ConnectRequest, connection: Connection, slot: number, words: ConnectWords = {}): void {
    const { advice = this.#broker.config.connectAdvice, error, withEvents = true, more } = words
    const { delivery, id } = this.#session
    // Who is told to wait longer lives longer.
    this.#interval = Math.max(this.#interval, advice.interval ?? 0)
    this.rest()
    const events = withEvents && !delivery.pushes ? delivery.takeAll() : []
    const reply = replyTo(message, id)
    reply.advice = advice
    if (more !== undefined) Object.assign(reply, more, more.ext !== undefined && { ext: { ...reply.ext, ...more.ext } })
    if (delivery.batch !== null && withEvents) reply.ext = { ...reply.ext, ack: delivery.batch }
    if (error !== undefined) Object.assign(reply, { successful: false, error })
    this.#broker.answer({ connection, slot, session: this.#session }, [reply], events)
  }

  // Its end

  /** @param at when the identity of the session ends, in ms since 1970; null or undefined: never; NaN: it never was valid */
  expireAt (at: number | null | undefined): void {
    if (at === null || at === undefined) this.#expires = Infinity
    else this.#expires = Number.isNaN(at) ? now() : now() + at - Date.now()
    this.rest()
  }

  /** From now on it ends, unless something happens before, when its held connect or its patience does. */
  rest (): void {
    const { config, limits, wheel } = this.#broker
    if (this.#held !== null) this.#ends = this.#held.deadline
    else if (!this.connected) this.#ends = now() + limits.handshakeWithoutConnect
    else if (this.connection !== null) this.#ends = Infinity
    else this.#ends = now() + Math.max(config.interval, this.#interval) + config.maxInterval
    wheel.set(this, Math.min(this.#ends, this.#expires))
  }

  /** The wheel: something is due. */
  timeUp (): void {
    if (this.#expires <= now()) {
      const error = refusal(401, this.#session.id, 'Identity expired')
      this.#broker.end(this.#session, 'unauthenticated', { advice: adviseHandshake(), error })
    } else if (this.#held !== null) this.release()
    else this.#broker.end(this.#session, 'expired')
  }

  /** Says the last words of the session and lets go of its connection. */
  finish (words: ConnectWords, close: CloseReason | null): void {
    const { connection } = this
    const { delivery, id } = this.#session
    if (this.#held !== null) this.release(words)
    else if (connection === null) this.#broker.lastWords.keep(this.#session, words)
    else if (isToldUnasked(words, connection)) {
      delivery.queue(Outgoing.reply({ channel: '/meta/connect', clientId: id, successful: words.error === undefined, error: words.error, advice: words.advice }))
    }
    this.#session.flush()
    if (connection !== null) {
      // The last words go, though the client reads slowly: nothing follows them.
      const last = delivery.takeAll()
      if (last.length > 0) connection.send(last, id, 0)
      this.connection = null
      this.#leave(connection, close)
    }
    this.transport = null
    this.#broker.wheel.set(this, Infinity)
  }
}

// An error always is, and advice where clients know what to do with it: those of Nodefony's dialect heed none.
function isToldUnasked ({ error, advice }: ConnectWords, { bare }: Connection): boolean {
  return error !== undefined || (advice !== undefined && !bare)
}
