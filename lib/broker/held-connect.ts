import type { Connection } from '../../types/index.js'
import type { Advice } from '../protocol/advice.js'
import type { Refusal } from '../protocol/error.js'
import type { ConnectRequest, ReplyMessage } from '../protocol/message.js'

/** A connect that waits for something to say; one a session. */
export interface HeldConnect {
  readonly message: ConnectRequest
  readonly connection: Connection
  readonly slot: number
  /** ms on the clock of the wheel. */
  readonly deadline: number
}

/** What a connect reply says beside the usual. */
export interface ConnectWords {
  advice?: Advice
  error?: Refusal
  /** Whether the events that wait go with it over HTTP; they do by default. */
  withEvents?: boolean
  more?: Partial<ReplyMessage>
}

/** The connects that are held now, and how many of them are polls of one browser. */
export class HeldConnects {
  readonly #polls = new Map<string, number>()
  size = 0

  enter ({ connection }: HeldConnect): void {
    this.size++
    if (!connection.pushes) this.#change(connection.caller.cookie, 1)
  }

  leave ({ connection }: HeldConnect): void {
    this.size--
    if (!connection.pushes) this.#change(connection.caller.cookie, -1)
  }

  /** Polls of the browser that a caller comes from. */
  of (connection: Connection): number {
    return this.#polls.get(connection.caller.cookie) ?? 0
  }

  #change (cookie: string, by: 1 | -1): void {
    const polls = (this.#polls.get(cookie) ?? 0) + by
    if (polls === 0) this.#polls.delete(cookie)
    else this.#polls.set(cookie, polls)
  }
}
