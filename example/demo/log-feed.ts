/**
 * The log of the server as lines for people: a stream for the logger that writes each record as one
 * readable line, to the terminal and to whoever follows.
 */
import { logLine } from '../../lib/cli/log-line.js'

/** Told of each new line. */
export type Follower = (line: string) => void

const REMEMBERED = 20

/** What the logger writes to. */
export class LogFeed {
  readonly #terminal: { write (text: string): unknown }
  readonly #followers = new Set<Follower>()
  readonly #last: string[] = []

  constructor (terminal: { write (text: string): unknown }) {
    this.#terminal = terminal
  }

  /** Takes one record, as the logger spells it. */
  write (json: string): void {
    const line = logLine(json)
    this.#last.push(line)
    if (this.#last.length > REMEMBERED) this.#last.shift()
    this.#terminal.write(`${line}\n`)
    for (const follower of this.#followers) follower(line)
  }

  /**
   * Gives the last lines at once, then every new one.
   * @returns stops following
   */
  follow (follower: Follower): () => void {
    for (const line of this.#last) follower(line)
    this.#followers.add(follower)
    return () => { this.#followers.delete(follower) }
  }
}
