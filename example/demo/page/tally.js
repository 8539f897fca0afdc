/** What came of a series of numbers, each one more than the one before: how many, how many not, how many twice. */
export class Tally {
  received = 0
  missing = 0
  doubled = 0
  last = null
  #run = null

  /** A server that was started again counts anew. */
  take ({ run, number }) {
    if (run !== this.#run) this.last = null
    this.#run = run
    if (this.last !== null && number <= this.last) {
      this.doubled++
      return
    }
    if (this.last !== null) this.missing += number - this.last - 1
    this.last = number
    this.received++
  }
}
