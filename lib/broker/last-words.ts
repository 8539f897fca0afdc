import type { Connection } from '../../types/index.js'
import type { Advice } from '../protocol/advice.js'
import type { Refusal } from '../protocol/error.js'
import type { ConnectWords } from './held-connect.js'
import type { Session } from './session.js'
import { now } from './wheel.js'

interface Unsaid {
  readonly error: Refusal
  readonly advice: Advice | undefined
  /** The cookie that its client must bring; null where it never brought one. */
  readonly cookie: string | null
  /** When it is forgotten, on the clock of the wheel. */
  readonly until: number
}

/**
 * Why sessions ended whose clients could not be told, for they were between two polls, or their connection was lost.
 * Their next connect is told it, as a held one would have been (docs/protocol.md, section 3): without it the client
 * would take its session for one that expired, and come right back.
 */
export class LastWords {
  readonly #bound: number
  readonly #time: number
  // In the order in which they end, so that the first are forgotten first.
  readonly #unsaid = new Map<string, Unsaid>()

  /**
   * @param bound how many are kept
   * @param time how long, in ms
   */
  constructor (bound: number, time: number) {
    this.#bound = bound
    this.#time = time
  }

  /** Keeps the last words of a session; those without an error say no more than silence. */
  keep ({ id, bound, caller }: Session, { error, advice }: ConnectWords): void {
    if (error === undefined) return
    this.#unsaid.set(id, { error, advice, cookie: bound ? caller.cookie : null, until: now() + this.#time })
    for (const [first, { until }] of this.#unsaid) {
      if (this.#unsaid.size <= this.#bound && until > now()) break
      this.#unsaid.delete(first)
    }
  }

  /** @returns what a connect is to be told, where it comes from the client of a session that ended */
  of (clientId: unknown, { caller }: Connection): { readonly error: Refusal, readonly advice?: Advice } | null {
    const unsaid = this.#unsaid.get(clientId as string)
    if (unsaid === undefined || unsaid.until <= now()) return null
    const { error, advice, cookie } = unsaid
    if (cookie !== null && cookie !== caller.cookie) return null
    return { error, ...(advice !== undefined && { advice }) }
  }
}
