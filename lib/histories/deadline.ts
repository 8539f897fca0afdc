/** The moment by which a store must have answered, however many questions it takes. */
export class Deadline {
  readonly #end: number
  readonly #what: string

  /**
   * @param ms from now on
   * @param what has not answered, for the error
   */
  constructor (ms: number, what: string) {
    this.#end = performance.now() + ms
    this.#what = what
  }

  /**
   * ms that are left, 1 at least.
   * @throws where there are none
   */
  get left (): number {
    const left = this.#end - performance.now()
    if (left <= 0) throw this.#late()
    return Math.max(1, Math.ceil(left))
  }

  /** Waits for a promise, which is left alone when the time is over; then it rejects. */
  async race<T> (promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.#late()), this.left)
    })
    try {
      return await Promise.race([promise, late])
    } finally {
      clearTimeout(timer)
    }
  }

  #late (): Error {
    return new Error(`${this.#what} has not answered in time`)
  }
}
