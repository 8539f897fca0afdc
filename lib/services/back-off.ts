/**
 * How long to wait before the next attempt: twice as long each time, and never quite the same. What lived
 * longer than the longest wait has recovered, and begins anew.
 */
export class BackOff {
  readonly #min: number
  readonly #max: number
  #whole: number

  /** @param min ms of the shortest wait; @param max of the longest */
  constructor ({ min, max }: { readonly min: number, readonly max: number }) {
    this.#min = min
    this.#max = max
    this.#whole = min
  }

  /**
   * @param lived ms that what ended now has lived; 0 where it never came to life
   * @returns ms
   */
  wait (lived: number): number {
    if (lived > this.#max) this.#whole = this.#min
    this.#whole = Math.min(this.#max, 2 * this.#whole)
    return Math.max(this.#min, Math.round(this.#whole / 2 + Math.random() * this.#whole / 2))
  }

  reset (): void {
    this.#whole = this.#min
  }
}
