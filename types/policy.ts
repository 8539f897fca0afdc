import type { HandshakeRequest } from '../lib/protocol/message.js'
import type { Caller } from './caller.js'
import type { Session } from './session.js'

/**
 * `true` allows. `false` refuses with 403; a text in Bayeux's form (`'429::Slow down'`) refuses with that error.
 * A promise of either is waited for, and the messages of the same session wait with it.
 */
export type Verdict = boolean | string | Promise<boolean | string>

/**
 * The negotiation of a handshake goes on: it is refused with 401, this `ext`, and advice to shake hands again.
 * The client answers in the `ext` of its next handshake.
 */
export interface Challenge {
  readonly challenge: Record<string, unknown>
}

/** Who may do what. Each question is optional, and allowed where it is left out. */
export interface Policy {
  /** May this client have a session? Asked after `authenticate`. */
  canHandshake? (caller: Caller, message: HandshakeRequest, identity: unknown): Verdict | Challenge | Promise<boolean | string | Challenge>
  /** May this session subscribe to the channel, pattern or `/service/NAME`? Asked for each channel of a subscribe. */
  canSubscribe? (session: Session, channel: string): Verdict
  /** May this session publish `data` to the channel or `/service/NAME`? */
  canPublish? (session: Session, channel: string, data: unknown): Verdict
  /** May somebody without a session publish `data` to the broadcast channel? Refused where it is left out. */
  canPublishWithoutSession? (caller: Caller, channel: string, data: unknown): Verdict
}
