import { Duplex, type DuplexOptions } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
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

// ms that an iterator may be asked at a stretch, before everybody else has a turn.
const SLICE = 10

/** Boxed messages of an iterator, which is asked for the next one only when somebody wants it. */
export class IterableStream extends Duplex implements ServiceDuplex {
  endedBy: Error | null = null
  readonly #source: IterableSource
  #asking = false
  #dry = false
  #rested = 0

  constructor (source: IterableSource) {
    super({ objectMode: true, readableHighWaterMark: 1, writable: source.write !== undefined } as DuplexOptions)
    this.#source = source
  }

  override _read (): void {
    if (this.#asking) return
    this.#asking = true
    this.#ask().catch(error => {
      this.#dry = true
      this.endedBy = error as Error
      this.push(null)
    })
  }

  async #ask (): Promise<void> {
    await this.#rest()
    if (this.destroyed) return
    const { done, value } = await this.#source.messages.next()
    this.#asking = false
    this.#dry = done === true
    if (this.destroyed) return
    this.push(this.#dry ? null : { data: value } satisfies Box)
  }

  async #rest (): Promise<void> {
    if (performance.now() - this.#rested < SLICE) return
    await nextTurn()
    this.#rested = performance.now()
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
    if (!this.#dry) this.#return().catch(() => {})
    done(error)
  }

  // It may be in the middle of something, and is not waited for.
  async #return (): Promise<void> {
    await this.#source.messages.return?.()
  }
}
