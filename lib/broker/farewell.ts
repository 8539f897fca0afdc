import { adviseHandshake, adviseRetry, type Advice } from '../protocol/advice.js'

// So many a second come back: two thousand handshakes are more than a third of what one core does in that time (docs/performance.md).
const A_SECOND = 2000
// ms that a client waits at least which asked a closing node for a session, and as long again by chance.
const LATER = 5000

/**
 * What the clients of a node that closes are told: to come back, each after a time of its own, so that the nodes which take
 * them are not met by all at once; and where else the gateway is, where the application says so.
 */
export class Farewell {
  readonly #spread: number
  readonly #more: Pick<Advice, 'hosts'>

  /**
   * @param clients how many there are to be told
   * @param hosts other names of the gateway; none: it has one
   */
  constructor (clients: number, hosts: readonly string[]) {
    this.#spread = Math.max(1000, clients / A_SECOND * 1000)
    this.#more = hosts.length === 0 ? {} : { hosts }
  }

  /**
   * For a client that has a session.
   * @param longest ms that it may stay away
   */
  retry (longest: number = Infinity): Advice {
    return { ...adviseRetry(byChance(Math.min(this.#spread, longest))), ...this.#more }
  }

  /** For a client that wants one. */
  handshake (): Advice {
    return { ...adviseHandshake(LATER + byChance(LATER)), ...this.#more }
  }
}

/** @returns an integer below `most` */
function byChance (most: number): number {
  return Math.floor(Math.random() * most)
}
