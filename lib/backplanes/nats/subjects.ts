import { isChannel } from '../channel-names.js'

const PREFIX = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/

/**
 * The subjects of one gateway's nodes. What nodes say to each other has a root of its own: no channel leads there, and no
 * pattern of a client, not even `/**`.
 */
export class Subjects {
  readonly #prefix: string
  readonly #nodes: string
  /** What is said to all nodes. */
  readonly all: string

  /**
   * @param prefix tokens of letters, digits, `-` and `_`, with dots between them
   * @throws TypeError where it is none
   */
  constructor (prefix: string) {
    if (!PREFIX.test(prefix)) throw new TypeError(`${JSON.stringify(prefix)} is no prefix of subjects`)
    this.#prefix = prefix
    this.#nodes = `${prefix}-nodes`
    this.all = `${this.#nodes}.all`
  }

  /**
   * The subject of a channel, or of all channels under a pattern.
   * @example of('/a/**') // 'bayeux.a.>'
   */
  of (pattern: string): string {
    const subject = this.#prefix + pattern.replaceAll('/', '.')
    return subject.endsWith('.**') ? `${subject.slice(0, -2)}>` : subject
  }

  /** @returns the channel of a subject that was heard, or null where it is none */
  channel (subject: string): string | null {
    const dotted = subject.slice(this.#prefix.length)
    const channel = dotted.replaceAll('.', '/')
    return !dotted.includes('/') && isChannel(channel) ? channel : null
  }

  /** What is said to one node. */
  node (name: string): string {
    return `${this.#nodes}.${name}`
  }

  /** Where the server says to a node that another, or any (`*`), is not there. */
  absence (of: string, to: string): string {
    return `${this.#nodes}.absent.${to}.${of}`
  }
}
