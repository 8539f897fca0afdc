import { isChannel } from '../channel-names.js'

const PREFIX = /^[A-Za-z0-9_.:-]+$/

/**
 * The names under which one gateway's nodes publish and subscribe. One that ends in `*` is a pattern of Redis, which
 * PSUBSCRIBE takes. What nodes say to each other has a beginning of its own: no pattern of a client reaches it.
 */
export class Names {
  readonly #prefix: string
  readonly #nodes: string
  /** What is said to all nodes. */
  readonly all: string

  /**
   * @param prefix letters, digits, `-`, `_`, `.` and `:`
   * @throws TypeError where it is none
   */
  constructor (prefix: string) {
    if (!PREFIX.test(prefix)) throw new TypeError(`${JSON.stringify(prefix)} is no prefix of names in Redis`)
    this.#prefix = `${prefix}:`
    this.#nodes = `${prefix}-nodes:`
    this.all = `${this.#nodes}all`
  }

  /**
   * The name of a channel, or the pattern of Redis for all channels under a pattern. Its `*` takes slashes too: what is
   * heard may be deeper than what is wanted, and `/a/*` and `/a/**` are the same.
   * @example of('/a/**') // 'bayeux:/a/*'
   */
  of (pattern: string): string {
    return this.#prefix + (pattern.endsWith('/**') ? pattern.slice(0, -1) : pattern)
  }

  /** @returns the channel of a name that was heard, or null where it is none */
  channel (name: string): string | null {
    const channel = name.slice(this.#prefix.length)
    return isChannel(channel) ? channel : null
  }

  /** What is said to one node. */
  node (name: string): string {
    return this.#nodes + name
  }
}

/** Whether a name is a pattern of Redis. */
export function isGlob (name: string): boolean {
  return name.endsWith('*')
}
