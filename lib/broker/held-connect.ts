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
