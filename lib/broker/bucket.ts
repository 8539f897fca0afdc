import { now } from './wheel.js'

/** A token bucket: `burst` messages at once, and `rate` a second in the long run. */
export class Bucket {
  readonly #rate: number
  readonly #burst: number
  #tokens: number
  #filledAt = now()

  constructor (rate: number, burst: number) {
    this.#rate = rate
    this.#burst = burst
    this.#tokens = burst
  }

  /** @returns false where none is left */
  take (): boolean {
    const time = now()
    this.#tokens = Math.min(this.#burst, this.#tokens + (time - this.#filledAt) / 1000 * this.#rate)
    this.#filledAt = time
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
