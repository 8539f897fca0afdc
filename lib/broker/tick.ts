import { now } from './wheel.js'

/** Something with messages to send. */
export interface Flushable {
  /** Whether it stands in the list already. */
  marked: boolean
  flush (): void
}

const SLICE = 10

/**
 * The end of a tick: one `setImmediate` walks the list of those with something to send, so that what
 * leaves a session in one turn of the event loop leaves in one write. A long list is walked in slices
 * of about 10 ms, and others get their turn in between.
 */
export class Tick {
  #marked: Flushable[] = []
  #scheduled = false

  mark (item: Flushable): void {
    if (item.marked) return
    item.marked = true
    this.#marked.push(item)
    this.#schedule()
  }

  #schedule (): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#walk())
  }

  #walk (): void {
    this.#scheduled = false
    const walked = this.#marked
    this.#marked = []
    const end = now() + SLICE
    for (let index = 0; index < walked.length; index++) {
      const item = walked[index] as Flushable
      item.marked = false
      item.flush()
      // Looking at the clock costs as much as a small flush: every 16 are enough.
      if ((index & 15) === 15 && now() > end) {
        this.#marked = walked.slice(index + 1).concat(this.#marked)
        break
      }
    }
    if (this.#marked.length > 0) this.#schedule()
  }
}
