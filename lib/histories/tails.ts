/** Subjects whose last message is known; of more it is asked for. */
const BOUND = 10_000
/** Messages at least between two trims of a subject. */
const TRIM = 100

/** Where the next message of a subject goes. */
export interface Tail {
  /** The last message that is there; 0: none. */
  readonly seq: number
  /** The same; where none is there, what has gone is not above it. */
  readonly before: number
}

/** The last message of each subject that this node has stored to, and how much it has stored since a trim. */
export class Tails {
  /** Those that were stored to longest ago first. */
  readonly #known = new Map<string, Tail & { readonly untrimmed: number }>()

  get (subject: string): Tail | undefined {
    return this.#known.get(subject)
  }

  /**
   * A message was stored.
   * @param size messages that are kept of the subject
   * @returns whether it is time to drop the oldest: at first, for others may have stored, and then for so many that it
   * costs next to nothing
   */
  move (subject: string, seq: number, size: number): boolean {
    const untrimmed = (this.#known.get(subject)?.untrimmed ?? Infinity) + 1
    const due = untrimmed >= Math.max(size, TRIM)
    this.#known.delete(subject)
    this.#known.set(subject, { seq, before: seq, untrimmed: due ? 0 : untrimmed })
    if (this.#known.size > BOUND) this.#known.delete(this.#known.keys().next().value as string)
    return due
  }
}
