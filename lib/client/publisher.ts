/** What a client publishes: at once, or when there is a connection again; and what became of it. */
import type { WireMessage } from './cometd.js'
import { errorOf, isLost, RealtimeError } from './error.js'
import { onAbort } from './on-abort.js'
import type { Wire } from './wire.js'

export interface PublishOptions {
  /** Sent along; the gateway's extensions see it, subscribers do not. */
  readonly ext?: Readonly<Record<string, unknown>>
  /**
   * Whether it is sent again where the connection broke before the gateway acknowledged it. It may then arrive twice;
   * without, it is refused with `lost`, and may have arrived.
   */
  readonly retry?: boolean
  /** Takes it back while it waits for a connection; afterwards it is too late. */
  readonly signal?: AbortSignal
}

interface Entry {
  /** Its place in the order of publishing. */
  readonly number: number
  readonly channel: string
  readonly data: unknown
  readonly options: PublishOptions
  /** Lets go of the signal. */
  release?: () => void
  resolve (): void
  reject (error: unknown): void
}

export class Publisher {
  readonly #wire: Wire
  readonly #bound: number
  #queue: Entry[] = []
  #underWay = 0
  #numbers = 0

  /** @param bound how many messages wait for a connection at most */
  constructor (wire: Wire, bound: number) {
    this.#wire = wire
    this.#bound = bound
  }

  /** Messages that wait for a connection. */
  get queued (): number {
    return this.#queue.length
  }

  /** Whether nothing waits for its acknowledgement. */
  get idle (): boolean {
    return this.#underWay === 0
  }

  /** Resolves when the gateway has acknowledged it. */
  publish (channel: string, data: unknown, options: PublishOptions): Promise<void> {
    const { signal } = options
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const entry: Entry = { number: ++this.#numbers, channel, data, options, resolve, reject }
      if (this.#wire.ready && this.#queue.length === 0) return this.#send(entry)
      if (this.#queue.length >= this.#bound) throw new RealtimeError('full', `More than ${this.#bound} messages wait for a connection`)
      this.#queue.push(entry)
      entry.release = onAbort(signal, () => this.#withdraw(entry, signal?.reason))
    })
  }

  /** There is a connection: what waits is sent, in its order. */
  flush (): void {
    const entries = this.#queue
    this.#queue = []
    if (entries.length > 0) this.#wire.batch(() => entries.forEach(entry => this.#send(entry)))
  }

  /** The client is closed: nothing that waits is sent any more. */
  end (error: RealtimeError): void {
    for (const { reject, release } of this.#queue.splice(0)) {
      release?.()
      reject(error)
    }
  }

  #send (entry: Entry): void {
    const { channel, data, options: { ext }, reject } = entry
    entry.release?.()
    try {
      this.#underWay++
      this.#wire.publish(channel, data, ext === undefined ? {} : { ext }, reply => this.#replied(entry, reply))
    } catch (error) {
      this.#underWay--
      reject(new RealtimeError('malformed', `No channel to publish to: ${channel}`, { cause: error }))
    }
  }

  #replied (entry: Entry, reply: WireMessage): void {
    this.#underWay--
    if (reply.successful === true) return entry.resolve()
    const error = errorOf(reply)
    // A gateway that does not know the session has not looked at the message.
    const again = error.code === 402 || (entry.options.retry === true && isLost(reply))
    if (!again || this.#wire.isDisconnected()) return entry.reject(error)
    this.#queue.push(entry)
    this.#queue.sort((one, other) => one.number - other.number)
    this.#wire.soon(() => this.flush())
  }

  #withdraw (entry: Entry, reason: unknown): void {
    const at = this.#queue.indexOf(entry)
    if (at === -1) return
    this.#queue.splice(at, 1)
    entry.reject(reason)
  }
}
