import type { Refusal } from '../lib/protocol/error.js'
import type { Outgoing } from '../lib/protocol/outgoing.js'
import type { Session } from './session.js'

/** What a link asks of the session that it serves; implemented by the broker's session. */
export interface LinkOwner {
  readonly session: Session
  /** True while more waits for the client than may: the link stops reading until {@link Link.resume}. */
  readonly congested: boolean
  /** Queues events in order; all the messages of one chunk in one call. */
  receive (events: readonly Outgoing[]): void
  /**
   * Takes an event that many share, whoever of them is slow.
   * @returns false where too much waits for this client already; it has then forgotten what waits of this channel
   */
  offer (event: Outgoing): boolean
  /** The service ended the conversation, or broke. The client is told; the link is forgotten. */
  linkEnded (link: Link, reason: string, error?: Refusal): void
}

/** One session's conversation with a service. */
export interface Link {
  /** Name of the service. */
  readonly service: string
  /** Said to the client in `ext.socket` of its subscribe reply. */
  readonly description: { readonly id: string, readonly type: string }
  /** How the conversation stands; said in `ext.service` of the subscribe reply. */
  readonly state: 'connected' | 'reconnecting'
  /** Settles when the service is connected (null) or is not (the refusal). It never rejects. */
  readonly opened: Promise<Refusal | null>
  /** Begins to read. What the service said before waits for this, so that the subscribe reply comes first. */
  start (): void
  /**
   * Writes a client's `data`.
   * @returns null when it is on its way, or the refusal; a promise of either while the service reads too slowly
   */
  write (data: unknown): Refusal | null | Promise<Refusal | null>
  /** Reads on, after {@link LinkOwner.congested} was true. */
  resume (): void
  /** Ends the conversation at the client's wish: writes `data`, if any, flushes, then ends. Nothing is told. */
  end (data?: unknown): void
}

/** The services port: how the broker reaches what is behind `/service/NAME`. */
export interface Services {
  has (name: string): boolean
  /**
   * Opens a conversation.
   * @param data the first thing to write, once connected; null or undefined: nothing
   * @returns the link, still connecting; or why there will be none
   */
  open (name: string, owner: LinkOwner, data: unknown): Link | Refusal
  /** What this session is told of the services: `{ name: { type, … } }`. */
  directory (session: Session): Record<string, unknown>
}
