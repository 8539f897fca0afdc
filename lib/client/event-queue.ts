/** Events that wait for their reader: a bounded queue that is read with `for await`. */
import { RealtimeError } from './error.js'

/** What happens to a subscription whose reader is too slow: it ends with an error, or loses its oldest events. */
export type Overflow = 'end' | 'drop-oldest'

interface Waiting<Event> {
  resolve (result: IteratorResult<Event, undefined>): void
  reject (error: unknown): void
}

export class EventQueue<Event> {
  readonly #bound: number
  readonly #overflow: Overflow
  readonly #events: Event[] = []
  readonly #readers: Waiting<Event>[] = []
  #ended = false
  #error: Error | null = null
  /** Events that were dropped to make room. */
  dropped = 0

  constructor (bound: number, overflow: Overflow) {
    this.#bound = bound
    this.#overflow = overflow
  }

  /** @returns false where it was one too many, and the queue has ended */
  push (event: Event): boolean {
    if (this.#ended) return true
    const reader = this.#readers.shift()
    if (reader !== undefined) reader.resolve({ done: false, value: event })
    else this.#events.push(event)
    if (this.#events.length <= this.#bound) return true
    if (this.#overflow === 'end') {
      this.end(new RealtimeError('overflow', `More than ${this.#bound} events wait to be read`))
      return false
    }
    this.#events.shift()
    this.dropped++
    return true
  }

  /** Nothing more will come. What waits is still read, and then, once, the error. */
  end (error: Error | null = null): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    const [first, ...others] = this.#readers.splice(0)
    if (first === undefined) return
    if (this.#error === null) first.resolve({ done: true, value: undefined })
    else first.reject(this.#takeError())
    for (const reader of others) reader.resolve({ done: true, value: undefined })
  }

  /** Ends it, and forgets what waits. */
  close (): void {
    this.end()
    this.#events.length = 0
    this.#error = null
  }

  next (): Promise<IteratorResult<Event, undefined>> {
    if (this.#events.length > 0) return Promise.resolve({ done: false, value: this.#events.shift() as Event })
    if (this.#error !== null) return Promise.reject(this.#takeError())
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
  }

  #takeError (): Error | null {
    const error = this.#error
    this.#error = null
    return error
  }
}
