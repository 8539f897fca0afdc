/** A message that waits until somebody reads it. */
interface Offer {
  readonly data: unknown
  readonly taken: () => void
}

/**
 * What clients publish to a handler, one after the other. A message counts as written when the handler
 * takes it, so a handler that is slow slows its clients.
 */
export class Incoming implements AsyncIterableIterator<unknown> {
  readonly #left: () => void
  #offers: Offer[] = []
  #readers: ((result: IteratorResult<unknown>) => void)[] = []
  #over = false

  /** @param left called when the handler reads no more */
  constructor (left: () => void) {
    this.#left = left
  }

  /** @param taken called when the handler has it */
  offer (data: unknown, taken: () => void): void {
    const reader = this.#readers.shift()
    if (reader === undefined && !this.#over) {
      this.#offers.push({ data, taken })
      return
    }
    reader?.({ value: data, done: false })
    taken()
  }

  /** Clients say no more; what was offered is still read. */
  end (): void {
    this.#over = true
    for (const reader of this.#readers.splice(0)) reader({ value: undefined, done: true })
  }

  async next (): Promise<IteratorResult<unknown>> {
    const offer = this.#offers.shift()
    if (offer !== undefined) {
      offer.taken()
      return { value: offer.data, done: false }
    }
    if (this.#over) return { value: undefined, done: true }
    return new Promise(resolve => this.#readers.push(resolve))
  }

  async return (): Promise<IteratorResult<unknown>> {
    this.end()
    for (const { taken } of this.#offers.splice(0)) taken()
    this.#left()
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator] (): this {
    return this
  }
}
