/** What a client publishes: at once, or when there is a connection again; and what became of it. */
import { serviceName } from '../protocol/channel.js'
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
  /** Of a call: how long its answer may take once it is sent, in ms; 0 for no end. */
  readonly timeout: number | undefined
  /** Lets go of the signal. */
  release?: () => void
  resolve (result: any): void
  reject (error: unknown): void
}

export class Publisher {
  readonly #wire: Wire
  readonly #bound: number
  #queue: Entry[] = []
  readonly #underWay = new Set<Entry>()
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
    return this.#underWay.size === 0
  }

  /**
   * Resolves when the gateway has acknowledged it; a call, when it is answered: to the result.
   * @param timeout of a call, in ms; 0 for no end
   */
  publish (channel: string, data: unknown, options: PublishOptions, timeout?: number): Promise<any> {
    const { signal } = options
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const entry: Entry = { number: ++this.#numbers, channel, data, options, timeout, resolve, reject }
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

  /** The session is gone, and with it the answers to calls that it had acknowledged. */
  lose (error: RealtimeError): void {
    for (const entry of this.#underWay) {
      if (entry.timeout === undefined) continue
      this.#underWay.delete(entry)
      entry.reject(error)
    }
  }

  /** The client is closed: nothing that waits is sent any more. */
  end (error: RealtimeError): void {
    this.lose(error)
    for (const { reject, release } of this.#queue.splice(0)) {
      release?.()
      reject(error)
    }
  }

  #send (entry: Entry): void {
    const { channel, data, options: { ext }, timeout, reject } = entry
    const props = ext === undefined ? {} : { ext }
    const replied = (reply: WireMessage) => this.#replied(entry, reply)
    entry.release?.()
    try {
      this.#underWay.add(entry)
      if (timeout === undefined) this.#wire.publish(channel, data, props, replied)
      else this.#wire.remoteCall(serviceName(channel), data, timeout, props, replied)
    } catch (error) {
      this.#underWay.delete(entry)
      reject(new RealtimeError('malformed', `No channel to publish to: ${channel}`, { cause: error }))
    }
  }

  #replied (entry: Entry, reply: WireMessage): void {
    if (!this.#underWay.delete(entry)) return
    if (reply.successful === true) return entry.resolve(reply.data)
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
