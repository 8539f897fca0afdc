import { Outgoing } from '../protocol/outgoing.js'
import { isThenable } from './after.js'
import type { Broker } from './broker.js'
import { Outbox } from './outbox.js'
import type { Session } from './session.js'
import { Unacknowledged } from './unacknowledged.js'

// What one write may carry; the rest follows when the connection took it.
const WRITE = 256 * 1024
// A write of so much gains nothing by company.
const MUCH = 32 * 1024

/**
 * The way out of one session: everything for it passes here in one order, waits in the outbox, and is
 * pushed to its connection or taken by the answer to a connect. Here is known how much waits, and so
 * whether services are to be paused, or the session reads too slowly for broadcasts.
 */
export class Delivery {
  readonly #broker: Broker
  readonly #session: Session
  readonly #outbox = new Outbox()
  #unacknowledged: Unacknowledged | null = null
  #congested = false

  constructor (broker: Broker, session: Session) {
    this.#broker = broker
    this.#session = session
  }

  /** Puts a message in its place and sees to it that it is sent at the end of the tick. */
  queue (outgoing: Outgoing): void {
    // Extensions look at messages one by one.
    if (outgoing.count > 1 && this.#broker.extensions.changesOutgoing) {
      for (const each of outgoing.each()) this.queue(each)
      return
    }
    const result = this.#broker.extensions.outgoing(outgoing, this.#session)
    if (isThenable(result)) this.#queueLater(result, outgoing)
    else if (result !== null) this.#outbox.push(result)
    this.#broker.tick.mark(this.#session)
  }

  #queueLater (result: PromiseLike<Outgoing | null>, original: Outgoing): void {
    const settle = this.#outbox.reserve()
    const known = (message: Outgoing | null) => {
      settle(message)
      this.#broker.tick.mark(this.#session)
    }
    result.then(known, error => {
      this.#session.log.error({ err: error }, 'an extension failed on the way out')
      known(original.kind === 'reply' ? original : null)
    })
  }

  /** Whether events go out at any time; else they travel with the answers to connects. */
  get pushes (): boolean {
    return this.#session.connection !== null && this.#unacknowledged === null
  }

  /** Whether there is something that an answer to a connect would bring. */
  get hasNews (): boolean {
    return !this.pushes && (this.#outbox.ready || this.#unacknowledged?.empty === false)
  }

  /** Pushes what the connection takes now. */
  push (): void {
    const { connection, id } = this.#session
    if (connection === null) return
    while (this.#outbox.ready && connection.waiting < this.#broker.limits.clientWaiting) {
      const messages = this.#outbox.take(WRITE)
      for (const { count } of messages) this.#broker.counters.messagesOut += count
      if (messages.length > 0) connection.send(messages, id, 0)
    }
    this.relieve()
  }

  /** Pushes at once where much waits: to wait for the end of the tick would only keep it out of the cache. */
  pushMuch (): void {
    if (this.#outbox.bytes >= MUCH && this.pushes) this.push()
  }

  /** Everything that waits, for an answer; with the ack extension also what was not acknowledged, first. */
  takeAll (): Outgoing[] {
    const fresh = this.#outbox.take(Infinity)
    if (this.#unacknowledged === null) {
      this.relieve()
      return fresh
    }
    if (fresh.length > 0) this.#unacknowledged.add(fresh)
    return this.#unacknowledged.all()
  }

  /** Forgets what waits. */
  clear (): void {
    this.#outbox.clear()
    if (this.#unacknowledged !== null) this.#unacknowledged = new Unacknowledged()
  }

  /** Forgets what waits, or was not acknowledged, and is over. */
  forget (isOver: (waiting: Outgoing) => boolean): void {
    this.#outbox.forget(isOver)
    this.#unacknowledged?.forget(isOver)
  }

  /** Drops the oldest broadcasts of channels that may be dropped from, until no more wait than may. */
  dropOldest (drops: (channel: string) => boolean): void {
    while (this.#overfull() && (this.#unacknowledged?.dropOldest(drops) === true || this.#outbox.dropOldest(drops))) {
      this.#broker.counters.dropped++
    }
  }

  // The ack extension

  /** Begins to keep what is sent until it is acknowledged. */
  keepUnacknowledged (): void {
    this.#unacknowledged = new Unacknowledged()
  }

  /** Number of the last batch, null without the ack extension. */
  get batch (): number | null {
    return this.#unacknowledged?.last ?? null
  }

  /** @param batch last one that the client has, as it says */
  acknowledge (batch: unknown): void {
    this.#unacknowledged?.acknowledge(batch)
    this.relieve()
  }

  // How much waits

  /** True while services are to wait for the client. */
  get congested (): boolean {
    return this.#congested
  }

  /** Services have delivered: is it too much by now? */
  consider (): void {
    if (this.#congested || this.waiting <= this.#broker.limits.clientWaiting) return
    this.#congested = true
    this.#broker.counters.clientPauses++
  }

  /** Something went out: may services go on? */
  relieve (): void {
    if (!this.#congested || this.waiting > this.#broker.limits.clientResumed) return
    this.#congested = false
    for (const link of this.#session.links.values()) link.resume()
    this.#broker.recorder?.replays.resume(this.#session)
  }

  /** Whether more broadcasts wait than may, though all was pushed that the connection takes. */
  overflows (): boolean {
    if (!this.#overfull()) return false
    // Many events in one turn are no slow reader.
    this.#session.flush()
    return this.#overfull()
  }

  #overfull (): boolean {
    const { outboxEvents, outboxBytes } = this.#broker.limits
    const kept = this.#unacknowledged
    return this.#outbox.broadcasts + (kept?.broadcasts ?? 0) > outboxEvents ||
      this.#outbox.broadcastBytes + (kept?.broadcastBytes ?? 0) > outboxBytes
  }

  /** Bytes that wait for the client, here and in its connection. */
  get waiting (): number {
    return this.#outbox.bytes + (this.#unacknowledged?.bytes ?? 0) + (this.#session.connection?.waiting ?? 0)
  }
}
