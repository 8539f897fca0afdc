/**
 * How messages are counted, whatever protocol carries them: each holds a mark, `@@` and its number in eight
 * digits, and a receiver looks for marks in the bytes that come, without reading anything else.
 */
const DIGITS = 8
const LENGTH = 2 + DIGITS

/** The mark of a message. */
export function mark (number: number): string {
  return '@@' + String(number).padStart(DIGITS, '0')
}

/** A run in which a message was lost, doubled, out of order or refused has no figures. */
export class Disorder extends Error {}

/** Counts all receivers of a run together, and tells when all is there. */
export class Tally {
  seen = 0
  #wanted = Infinity
  #settle: { resolve: () => void, reject: (error: Error) => void } | null = null
  #failed: Error | null = null

  /** Resolves when so many were seen since the beginning; rejects at the first disorder, and after `patience` ms. */
  reaches (wanted: number, patience: number = 60_000): Promise<void> {
    this.#wanted = wanted
    return new Promise<void>((resolve, reject) => {
      if (this.#failed !== null) return reject(this.#failed)
      if (this.seen >= wanted) return resolve()
      const timer = setTimeout(() => reject(new Disorder(`lost: ${wanted - this.seen} of ${wanted} messages did not come`)), patience)
      this.#settle = {
        resolve: () => { clearTimeout(timer); resolve() },
        reject: error => { clearTimeout(timer); reject(error) }
      }
    })
  }

  add (count: number): void {
    this.seen += count
    if (this.seen >= this.#wanted) this.#settle?.resolve()
  }

  fail (error: Error): void {
    this.#failed ??= error
    this.#settle?.reject(error)
  }

  /** Looks once more: did anything come that should not have? */
  async settled (wanted: number): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 50))
    if (this.#failed !== null) throw this.#failed
    if (this.seen !== wanted) throw new Disorder(`doubled: ${this.seen} messages came, not ${wanted}`)
  }
}

/** One receiver: sees to it that the marks come one after the other. */
export class Receiver {
  readonly #tally: Tally
  readonly #step: number
  readonly #onMark: ((number: number, text: string, end: number) => void) | null
  #next: number
  #rest = ''

  /**
   * @param first number of its first message
   * @param step from one of its messages to the next
   * @param onMark told of each mark, with the text that holds it and where the mark ends there
   */
  constructor (tally: Tally, first: number = 0, step: number = 1, onMark: ((number: number, text: string, end: number) => void) | null = null) {
    this.#tally = tally
    this.#next = first
    this.#step = step
    this.#onMark = onMark
  }

  /** Looks at bytes as they come. @returns how many marks were in them */
  see (chunk: Buffer): number {
    const text = this.#rest + chunk.toString('latin1')
    if (text.includes('"successful":false')) this.#tally.fail(new Disorder(`refused: ${text.slice(0, 300)}`))
    let count = 0
    let at = text.indexOf('@@')
    while (at !== -1 && at + LENGTH <= text.length) {
      const number = digits(text, at + 2)
      if (number !== this.#next) {
        this.#tally.fail(new Disorder(`${number < this.#next ? 'doubled or out of order' : 'lost or out of order'}: ${number} came, not ${this.#next}`))
        return count
      }
      this.#next += this.#step
      count++
      this.#onMark?.(number, text, at + LENGTH)
      at = text.indexOf('@@', at + LENGTH)
    }
    this.#rest = at !== -1 ? text.slice(at) : text.endsWith('@') ? '@' : ''
    if (count > 0) this.#tally.add(count)
    return count
  }
}

function digits (text: string, from: number): number {
  let number = 0
  for (let at = from; at < from + DIGITS; at++) number = number * 10 + text.charCodeAt(at) - 48
  return number
}
