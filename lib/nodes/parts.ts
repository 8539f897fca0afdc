/** A word that is longer than the bus takes goes in parts, one after the other. */

// No word begins like this.
const MARK = '+'
// A character is three bytes at most.
const WIDEST = 3
const HEAD = 64

/**
 * @param number of the word among those that go in parts from there
 * @param longest bytes; undefined: no bound
 */
export function inParts (from: string, number: number, text: string, longest: number = Infinity): string[] {
  const length = Math.floor((longest - HEAD) / WIDEST)
  if (text.length <= length) return [text]
  const count = Math.ceil(text.length / length)
  return Array.from({ length: count }, (_, index) => `${MARK}${from} ${number} ${index} ${count}\n${text.slice(index * length, (index + 1) * length)}`)
}

/** A word of which parts have come. */
interface Begun {
  readonly number: number
  readonly texts: string[]
}

/** Puts parts together again: those of one node come in order, but where it was cut off some are missing. */
export class Parts {
  readonly #begun = new Map<string, Begun>()

  /** @returns the word, whole; null while parts of it are missing, or where one of them will not come any more */
  take (text: string): string | null {
    if (!text.startsWith(MARK)) return text
    const end = text.indexOf('\n')
    const [from = '', ...numbers] = text.slice(MARK.length, end).split(' ')
    const [number = 0, index = 0, count = 0] = numbers.map(Number)
    const begun = index === 0 ? { number, texts: [] } : this.#begun.get(from)
    if (begun?.number !== number || begun.texts.length !== index) return null
    begun.texts.push(text.slice(end + 1))
    if (begun.texts.length < count) {
      this.#begun.set(from, begun)
      return null
    }
    this.#begun.delete(from)
    return begun.texts.join('')
  }

  /** A node is gone, and may have been in the middle of a word. */
  forget (node: string): void {
    this.#begun.delete(node)
  }
}
