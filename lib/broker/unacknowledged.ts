import type { Outgoing } from '../protocol/outgoing.js'

interface Batch {
  readonly number: number
  readonly messages: readonly Outgoing[]
}

/**
 * What a client with the ack extension was sent and has not acknowledged (docs/protocol.md, section 9).
 * Each connect reply carries a batch; a connect that acknowledges less than the last one gets the rest
 * again, before anything newer.
 */
export class Unacknowledged {
  #batches: Batch[] = []
  /** Number of the last batch, 0 before the first. */
  last = 0
  bytes = 0
  broadcasts = 0
  broadcastBytes = 0

  get empty (): boolean {
    return this.#batches.length === 0
  }

  add (messages: readonly Outgoing[]): void {
    this.#batches.push({ number: ++this.last, messages })
    this.#count(messages, 1)
  }

  /** @param number last batch that the client has, as it says: anything but a number acknowledges nothing */
  acknowledge (number: unknown): void {
    if (typeof number !== 'number') return
    while (this.#batches[0] !== undefined && this.#batches[0].number <= number) {
      this.#count((this.#batches.shift() as Batch).messages, -1)
    }
  }

  /** Everything to send again, oldest first. */
  all (): Outgoing[] {
    return this.#batches.flatMap(batch => batch.messages)
  }

  /** Forgets what is over. */
  forget (isOver: (sent: Outgoing) => boolean): void {
    this.#batches = this.#batches.map(({ number, messages }) => {
      this.#count(messages.filter(isOver), -1)
      return { number, messages: messages.filter(each => !isOver(each)) }
    })
  }

  /**
   * Drops the oldest broadcast of a channel that may be dropped from.
   * @returns false where there is none
   */
  dropOldest (drops: (channel: string) => boolean): boolean {
    for (const [at, { number, messages }] of this.#batches.entries()) {
      const oldest = messages.find(({ kind, message }) => kind === 'broadcast' && drops(message.channel as string))
      if (oldest === undefined) continue
      this.#count([oldest], -1)
      this.#batches[at] = { number, messages: messages.filter(each => each !== oldest) }
      return true
    }
    return false
  }

  #count (messages: readonly Outgoing[], sign: 1 | -1): void {
    for (const { kind, bytes } of messages) {
      this.bytes += sign * bytes
      if (kind !== 'broadcast') continue
      this.broadcasts += sign
      this.broadcastBytes += sign * bytes
    }
  }
}
