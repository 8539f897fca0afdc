import { Duplex, type DuplexOptions } from 'node:stream'
import type { Box, ConnectorContext, ServiceDuplex } from '../../types/index.js'

/** What stands behind a {@link MessageStream}. */
export interface MessageSource {
  /** Takes a message; left out where the source is read-only. */
  readonly write?: (data: unknown) => unknown
  /** Our side says no more. */
  readonly end?: () => unknown
  /** It is over, for whatever reason. */
  readonly close: () => unknown
  /** Makes the source wait and go on, where it can; else the oldest messages are dropped. */
  readonly pause?: () => void
  readonly resume?: () => void
  readonly longest?: number
}

const sizeOf = (data: unknown) => Buffer.isBuffer(data) || typeof data === 'string' ? data.length : 0

/**
 * Boxed messages of a source that speaks when it likes. While nobody reads, what it says waits, within
 * `limits.serviceQueue` messages and `limits.serviceQueueBytes` bytes; beyond them the oldest are dropped
 * and counted.
 */
export class MessageStream extends Duplex implements ServiceDuplex {
  readonly longest?: number
  endedBy: Error | null = null
  readonly #source: MessageSource
  readonly #context: ConnectorContext
  #waiting: Box[] = []
  #bytes = 0
  #wanted = false
  #over = false

  constructor (context: ConnectorContext, source: MessageSource) {
    super({ objectMode: true, writable: source.write !== undefined } as DuplexOptions)
    this.#context = context
    this.#source = source
    if (source.longest !== undefined) this.longest = source.longest
  }

  /** A message came. */
  receive (data: unknown): void {
    if (this.#over || this.destroyed) return
    if (this.#wanted) return this.#give({ data })
    this.#waiting.push({ data })
    this.#bytes += sizeOf(data)
    if (this.#source.pause === undefined) this.#forgetOldest()
    else this.#source.pause()
  }

  /** There will be no more; what waits is still read. */
  finish (reason: Error | null = null): void {
    if (this.#over) return
    this.#over = true
    this.endedBy = reason
    if (this.#waiting.length === 0) this.push(null)
  }

  override _read (): void {
    this.#wanted = true
    while (this.#wanted && this.#waiting.length > 0) {
      const box = this.#waiting.shift() as Box
      this.#bytes -= sizeOf(box.data)
      this.#give(box)
    }
    if (!this.#wanted) return
    if (this.#over) this.push(null)
    else this.#source.resume?.()
  }

  override _write ({ data }: Box, _encoding: string, done: () => void): void {
    Promise.resolve(data).then(this.#source.write).catch(error => {
      // What it said before that still counts.
      this.finish(error)
      this.end()
    }).then(() => done())
  }

  override _final (done: (error?: Error | null) => void): void {
    Promise.resolve().then(() => this.#source.end?.()).then(() => done(), done)
  }

  override _destroy (error: Error | null, done: (error?: Error | null) => void): void {
    this.#over = true
    this.#waiting = []
    Promise.resolve().then(this.#source.close).then(() => done(error), failed => done(error ?? failed))
  }

  #give (box: Box): void {
    this.#wanted = this.push(box)
    if (!this.#wanted) this.#source.pause?.()
  }

  #forgetOldest (): void {
    const { serviceQueue, serviceQueueBytes } = this.#context.limits
    let dropped = 0
    while (this.#waiting.length > serviceQueue || (this.#bytes > serviceQueueBytes && this.#waiting.length > 1)) {
      this.#bytes -= sizeOf((this.#waiting.shift() as Box).data)
      dropped++
    }
    if (dropped > 0) this.#context.dropped(dropped)
  }
}
