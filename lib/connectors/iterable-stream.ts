import { Duplex, type DuplexOptions } from 'node:stream'
import type { Box, ServiceDuplex } from '../../types/index.js'

/** What stands behind an {@link IterableStream}. */
export interface IterableSource {
  readonly messages: AsyncIterator<unknown> | Iterator<unknown>
  /** Takes a message; left out where nobody reads them. */
  readonly write?: (data: unknown, taken: () => void) => void
  /** Our side says no more. */
  readonly end: () => void
  /** It is over, for whatever reason. */
  readonly close: () => void
}

/** Boxed messages of an iterator, which is asked for the next one only when somebody wants it. */
export class IterableStream extends Duplex implements ServiceDuplex {
  endedBy: Error | null = null
  readonly #source: IterableSource
  #asking = false

  constructor (source: IterableSource) {
    super({ objectMode: true, readableHighWaterMark: 1, writable: source.write !== undefined } as DuplexOptions)
    this.#source = source
  }

  override _read (): void {
    if (this.#asking) return
    this.#asking = true
    this.#ask().catch(error => {
      this.endedBy = error as Error
      this.push(null)
    })
  }

  async #ask (): Promise<void> {
    const { done, value } = await this.#source.messages.next()
    this.#asking = false
    if (this.destroyed) return
    this.push(done === true ? null : { data: value } satisfies Box)
  }

  override _write ({ data }: Box, _encoding: string, done: () => void): void {
    this.#source.write?.(data, done)
  }

  override _final (done: () => void): void {
    this.#source.end()
    done()
  }

  override _destroy (error: Error | null, done: (error: Error | null) => void): void {
    this.#source.end()
    this.#source.close()
    // It may be in the middle of something, and is not waited for.
    Promise.resolve(this.#source.messages.return?.()).catch(() => {})
    done(error)
  }
}
