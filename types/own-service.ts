import type { Refusal } from '../lib/protocol/error.js'
import type { MessageId } from '../lib/protocol/message.js'
import type { Outgoing } from '../lib/protocol/outgoing.js'
import type { Verdict } from './policy.js'
import type { Session } from './session.js'

/** A session as one of the gateway's own services sees it. */
export interface Recipient extends Session {
  /** Queues what its client is to get; where it reads too slowly, its session ends. */
  take (outgoing: Outgoing): void
}

/** Why something is refused; or what begins once the reply to it is on its way, so that the reply comes first. */
export type Accepted = Refusal | (() => void)

/**
 * A service that the gateway itself answers: `/service/NAME`, and everything below it. It is asked after the policy.
 * `name` is always what follows `/service/`.
 */
export interface OwnService {
  /** May this session publish to it? */
  mayPublish (session: Recipient, name: string): Verdict
  /**
   * A client that may has published.
   * @param data of the message; bytes where it came as such
   * @param id of the message, where it has one
   */
  publish (session: Recipient, name: string, data: unknown, id: MessageId | undefined): Accepted
  /** May this session subscribe to it? */
  maySubscribe (session: Recipient, name: string): Verdict
  /** A client that may has subscribed, maybe once more. */
  subscribe (session: Recipient, name: string): Accepted
}
