/** A command line as words, without a shell: quotes hold words together, and nothing else means anything. */
import { WrongInput } from './wrong-input.js'

const WORD = /\s*((?:[^\s'"\\?#]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)/suy
const PIECE = /\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"/gsu

/**
 * Splits a command line as a POSIX shell does: '…' is taken as it is; in "…" a backslash stands before
 * `"` and `\`; elsewhere before any character.
 * @returns the words, and what follows the first `?` or `#` that is in no quotes
 * @throws WrongInput where a quote is not closed
 */
export function readCommandLine (text: string): { words: string[], rest: string } {
  const words: string[] = []
  let end = 0
  for (WORD.lastIndex = 0; ; end = WORD.lastIndex) {
    const word = WORD.exec(text)?.[1]
    if (word === undefined) break
    words.push(word.replace(PIECE, (_all, escaped?: string, single?: string, double?: string) =>
      escaped ?? single ?? (double as string).replace(/\\(["\\])/g, '$1')))
  }
  const rest = text.slice(end).trimStart()
  if (rest !== '' && !/^[?#]/.test(rest)) throw new WrongInput(`A quote is not closed, or a \\ is the last character: ${rest}`)
  return { words, rest: rest.slice(1) }
}
