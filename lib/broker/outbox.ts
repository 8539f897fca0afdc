import type { Outgoing } from '../protocol/outgoing.js'

/** A message that an asynchronous extension has not let go yet; it keeps its place. */
interface Pending {
  readonly kind: 'pending'
  /** What became of it: undefined while it is not known, null where it was dropped. */
  result: Outgoing | null | undefined
}

// What stood in a place was dropped.
const GONE: Pending = { kind: 'pending', result: null }

/**
 * The way out: what waits for a session, in one order. It counts what waits, so that links can
 * be paused and broadcasts bounded; it decides nothing.
 */
export class Outbox {
  #entries: (Outgoing | Pending)[] = []
  #head = 0
  /** Bytes that wait. */
  bytes = 0
  /** Broadcasts that wait, and their bytes. */
  broadcasts = 0
  broadcastBytes = 0

  /** Whether the next message is known, so that it may go. */
  get ready (): boolean {
    const next = this.#entries[this.#head]
    return next !== undefined && (next.kind !== 'pending' || next.result !== undefined)
  }

  push (message: Outgoing): void {
    this.#entries.push(message)
    this.#count(message, 1)
  }

  /**
   * Keeps a place for a message that is not known yet; from when it is, it counts.
   * @returns tells what became of it, null where it was dropped
   */
  reserve (): (result: Outgoing | null) => void {
    const pending: Pending = { kind: 'pending', result: undefined }
    this.#entries.push(pending)
    return result => {
      pending.result = result
      if (result !== null) this.#count(result, 1)
    }
  }

  /**
   * Takes what may go now, in order, up to about `bytes`; at least one message where there is one.
   * It stops before a message that is still pending.
   */
  take (bytes: number): Outgoing[] {
    const taken: Outgoing[] = []
    let size = 0
    while (this.#head < this.#entries.length && size < bytes) {
      const entry = this.#entries[this.#head] as Outgoing | Pending
      const message = entry.kind === 'pending' ? entry.result : entry
      if (message === undefined) break
      this.#head++
      if (message === null) continue
      size += message.bytes
      this.#count(message, -1)
      taken.push(message)
    }
    this.#forget()
    return taken
  }

  /** Forgets what waits and is over. */
  forget (isOver: (waiting: Outgoing) => boolean): void {
    this.#entries = this.#entries.slice(this.#head).filter(entry => {
      if (entry.kind === 'pending' || !isOver(entry)) return true
      this.#count(entry, -1)
      return false
    })
    this.#head = 0
  }

  /**
   * Drops the oldest broadcast of a channel that may be dropped from.
   * @returns false where there is none
   */
  dropOldest (drops: (channel: string) => boolean): boolean {
    for (let index = this.#head; index < this.#entries.length; index++) {
      const entry = this.#entries[index] as Outgoing | Pending
      const message = entry.kind === 'pending' ? entry.result : entry
      if (message?.kind !== 'broadcast' || !drops(message.message.channel as string)) continue
      this.#count(message, -1)
      this.#entries[index] = GONE
      while (this.#entries[this.#head] === GONE) this.#head++
      this.#forget()
      return true
    }
    return false
  }

  /** Forgets everything. */
  clear (): void {
    this.#entries = []
    this.#head = this.bytes = this.broadcasts = this.broadcastBytes = 0
  }

  #count (message: Outgoing, sign: 1 | -1): void {
    const bytes = sign * message.bytes
    this.bytes += bytes
    if (message.kind !== 'broadcast') return
    this.broadcasts += sign
    this.broadcastBytes += bytes
  }

  #forget (): void {
    if (this.#head === this.#entries.length) {
      this.#entries = []
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }
}
