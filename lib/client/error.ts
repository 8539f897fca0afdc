import { refusalCode } from '../protocol/error.js'
import type { WireMessage } from './cometd.js'

/**
 * A number is the code of an error reply, or the status of an HTTP answer. `closed`: the client is closed.
 * `lost`: the connection broke before an answer came, so nobody knows whether the gateway saw the message.
 * `full`: the offline queue, or too many calls. `overflow`: a subscription that nobody read fast enough.
 * `timeout`: no answer in time. `malformed`: it cannot be sent.
 */
export type ErrorCode = number | 'closed' | 'lost' | 'full' | 'overflow' | 'timeout' | 'malformed'

/** What failed, and why. `message` is the gateway's own text where it said one: `403:/chat/lobby:Publishing denied`. */
export class RealtimeError extends Error {
  override readonly name = 'RealtimeError'
  readonly code: ErrorCode

  constructor (code: ErrorCode, text: string, options?: { cause?: unknown }) {
    super(text, options)
    this.code = code
  }
}

/** The error of an unsuccessful reply, or of a message that got none. */
export function errorOf ({ error, failure, channel }: WireMessage): RealtimeError {
  if (error !== undefined && error !== '') return new RealtimeError(refusalCode(error), error)
  if (failure?.exception !== undefined) return new RealtimeError('malformed', String(failure.exception), { cause: failure.exception })
  const { httpCode = 0, websocketCode, reason } = failure ?? {}
  if (httpCode >= 300) return new RealtimeError(httpCode, `HTTP ${httpCode} ${reason ?? ''}`.trim())
  const how = websocketCode === undefined ? reason : `WebSocket closed with ${websocketCode} ${reason ?? ''}`
  return new RealtimeError('lost', `No answer to ${channel}: ${how || 'connection lost'}`.trim())
}

/** HTTP answers that may be others in a moment. */
const PASSING = [401, 408, 429]

/** Whether a message failed on its way, and may be sent again when there is a connection. */
export function isLost ({ failure }: WireMessage): boolean {
  if (failure === undefined || failure.exception !== undefined) return false
  const { httpCode = 0 } = failure
  return httpCode < 400 || httpCode >= 500 || PASSING.includes(httpCode)
}
