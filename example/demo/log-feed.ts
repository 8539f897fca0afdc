/**
 * The log of the server as lines for people: a stream for the logger that writes each record as one
 * readable line, to the terminal and to whoever follows. A line holds the message and the error text
 * of its record and nothing else, so no header, cookie or token can slip through.
 */

/** Told of each new line. */
export type Follower = (line: string) => void

interface LogRecord {
  readonly level: number
  readonly time: number
  readonly msg?: string
  readonly err?: { readonly message?: string }
}

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }
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
    const line = lineOf(JSON.parse(json))
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

function lineOf ({ level, time, msg = '', err }: LogRecord): string {
  const clock = new Date(time).toTimeString().slice(0, 8)
  const said = err?.message === undefined || err.message === msg ? msg : `${msg}: ${err.message}`
  // A message may quote what a client sent; a line break or a control character in it must not make two lines.
  // eslint-disable-next-line no-control-regex
  return `${clock} ${(LEVELS[level] ?? '?').padEnd(5)} ${said.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ')}`
}
