/** A word that is longer than the bus takes goes in parts, one after the other. */

// No word begins like this.
const MARK = '+'
// A character is three bytes at most.
const WIDEST = 3
const HEAD = 64

/** @param longest bytes; undefined: no bound */
export function inParts (from: string, text: string, longest: number = Infinity): string[] {
  const length = Math.floor((longest - HEAD) / WIDEST)
  if (text.length <= length) return [text]
  const count = Math.ceil(text.length / length)
  return Array.from({ length: count }, (_, index) => `${MARK}${from} ${count - index}\n${text.slice(index * length, (index + 1) * length)}`)
}

/** Puts parts together again: those of one node come in order. */
export class Parts {
  readonly #begun = new Map<string, string[]>()

  /** @returns the word, whole; null while parts of it are missing */
  take (text: string): string | null {
    if (!text.startsWith(MARK)) return text
    const end = text.indexOf('\n')
    const [from = '', left = ''] = text.slice(MARK.length, end).split(' ')
    const texts = this.#begun.get(from) ?? []
    texts.push(text.slice(end + 1))
    if (left !== '1') {
      this.#begun.set(from, texts)
      return null
    }
    this.#begun.delete(from)
    return texts.join('')
  }

  /** A node is gone, and may have been in the middle of a word. */
  forget (node: string): void {
    this.#begun.delete(node)
  }
}
