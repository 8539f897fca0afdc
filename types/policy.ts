import type { HandshakeRequest } from '../lib/protocol/message.js'
import type { Caller } from './caller.js'
import type { Session } from './session.js'

/**
 * `true` allows. `false` refuses with 403; a text in Bayeux's form (`'429::Slow down'`) refuses with that error.
 * A promise of either is waited for, and the messages of the same session wait with it.
 */
export type Verdict = boolean | string | Promise<boolean | string>

/** Who may do what. Each question is optional, and allowed where it is left out. */
export interface Policy {
  /** May this client have a session? Asked after `authenticate`. */
  canHandshake? (caller: Caller, message: HandshakeRequest, identity: unknown): Verdict
  /** May this session subscribe to the channel, pattern or `/service/NAME`? Asked for each channel of a subscribe. */
  canSubscribe? (session: Session, channel: string): Verdict
  /** May this session publish `data` to the channel or `/service/NAME`? */
  canPublish? (session: Session, channel: string, data: unknown): Verdict
}
