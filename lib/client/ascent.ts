import type { SocketClass } from './host.js'
import type { Timers } from './timers.js'
import { opens } from './transports/opens.js'

const LONGEST = 600_000

/**
 * The way back up: while a client polls, a WebSocket is opened for a moment every now and then, rarer with each
 * failure. Where it opens, the client may go on over one.
 */
export class Ascent {
  readonly #Socket: SocketClass
  readonly #url: string
  readonly #timers: Timers
  readonly #first: number
  #wait: number
  #timer: number | null = null
  /** Whether a WebSocket has opened since the client began to poll. */
  possible = false

  /** @param first in ms: how long after the descent it is tried first */
  constructor (Socket: SocketClass, url: string, timers: Timers, first: number) {
    this.#Socket = Socket
    this.#url = url
    this.#timers = timers
    this.#first = this.#wait = first
  }

  /** The client polls. */
  begin (): void {
    if (this.#timer === null && !this.possible) this.#timer = this.#timers.set(() => this.#try(), this.#wait)
  }

  /** The client polls no more. @param succeeded whether it is on a WebSocket, and the next descent is a new one */
  stop (succeeded: boolean): void {
    if (this.#timer !== null) this.#timers.clear(this.#timer)
    this.#timer = null
    this.possible = false
    if (succeeded) this.#wait = this.#first
  }

  async #try (): Promise<void> {
    const turn = this.#timer
    this.#wait = Math.min(LONGEST, this.#wait * 2)
    const possible = await opens(this.#Socket, this.#url)
    // Stopped meanwhile: it matters no more.
    if (this.#timer !== turn) return
    this.#timer = null
    this.possible = possible
    if (!possible) this.begin()
  }
}
