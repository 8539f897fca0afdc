/** How long to wait before the next attempt: twice as long each time, and never in step with others. */
export class BackOff {
  readonly #min: number
  readonly #max: number
  #next: number

  /** @param min ms of the first wait, at most; @param max of the longest */
  constructor ({ min, max }: { readonly min: number, readonly max: number }) {
    this.#min = min
    this.#max = max
    this.#next = min
  }

  /** @returns ms, from a half to the whole of what it has come to */
  wait (): number {
    const whole = this.#next
    this.#next = Math.min(this.#max, 2 * whole)
    return Math.round(whole / 2 + Math.random() * whole / 2)
  }

  reset (): void {
    this.#next = this.#min
  }
}
