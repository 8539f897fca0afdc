/** How long to wait between attempts: all times in ms. */
export interface BackOffSettings {
  /** The first wait. */
  readonly initial: number
  /** No wait is longer. */
  readonly max: number
}

/**
 * Waits that double, from `initial` to `max`. Each is cut by chance to between a half and the whole of it, so that
 * the clients of a gateway that comes back do not all come at once.
 */
export class BackOff {
  readonly #settings: BackOffSettings
  #attempts = 0
  #current = 0

  constructor (settings: BackOffSettings) {
    this.#settings = settings
  }

  /** The wait that was chosen last; 0 before the first. */
  get current (): number {
    return this.#current
  }

  /** Chooses the next one. */
  next (): number {
    const whole = Math.min(this.#settings.max, this.#settings.initial * 2 ** this.#attempts++)
    this.#current = Math.round(whole / 2 * (1 + Math.random()))
    return this.#current
  }

  reset (): void {
    this.#attempts = this.#current = 0
  }
}
