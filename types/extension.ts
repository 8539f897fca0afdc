import type { Requests, EventMessage, ReplyMessage } from '../lib/protocol/message.js'
import type { Session } from './session.js'
import type { Verdict } from './policy.js'

/** Any message that a client may send. */
export type IncomingMessage = Requests[keyof Requests]

/** Any message that the server may send. */
export type OutgoingMessage = ReplyMessage | EventMessage

/**
 * Sees every message on its way in or out, and may change or refuse it. Extensions run in their order
 * on the way in and in the opposite order on the way out. What is synchronous stays synchronous.
 */
export interface Extension {
  readonly name: string
  /**
   * A message came in. It may be changed in place.
   * @param session null for a handshake
   * @returns nothing or `true` to go on; `false` or an error text (`'403::…'`) to refuse
   */
  incoming? (message: IncomingMessage, session: Session | null): void | Verdict
  /**
   * A message goes out to one session. It is shared with others: never change it in place.
   * @param session null where there is none (yet)
   * @returns nothing to let it pass, another message to send instead, or `false` to drop an event (a reply always goes)
   */
  outgoing? (message: Readonly<OutgoingMessage>, session: Session | null):
    void | false | OutgoingMessage | Promise<void | false | OutgoingMessage>
}
