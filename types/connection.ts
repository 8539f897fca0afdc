import type { Outgoing } from '../lib/protocol/outgoing.js'
import type { Caller } from './caller.js'

/** Why a connection is ended by the gateway. */
export type CloseReason =
  | 'taken over' // its last session moved to another connection
  | 'disconnected' // its session said goodbye in Nodefony's dialect, where the server hangs up
  | 'unused' // no session came, or none is left
  | 'overflow' // its last session read too slowly
  | 'shutdown' // the server closes

/** A session as its connection sees it. */
export interface Carried {
  /** Sends what waits, as far as the connection takes it. */
  flush (): void
  /** The connection is gone. */
  lost (connection: Connection): void
}

/**
 * A live way to a client: a WebSocket, or one HTTP exchange. One WebSocket may carry several sessions.
 * Implemented by the transports, used by the broker.
 */
export interface Connection {
  readonly caller: Caller
  /** Whether messages can be sent at any time (WebSocket), or only as the answers of one exchange (HTTP). */
  readonly pushes: boolean
  /** Whether its client speaks in bare objects; on a WebSocket that is Nodefony's dialect. May change with each frame. */
  readonly bare: boolean
  /** False once it is gone: what is sent to it goes nowhere. */
  readonly open: boolean
  /** Bytes handed over and not yet taken by the network. When they are taken, the transport flushes {@link sessions}. */
  readonly waiting: number
  /** Whom it carries; kept by the broker. */
  readonly sessions: Pick<Set<Carried>, 'size' | 'has'> & Iterable<Carried> & { add (session: Carried): unknown, delete (session: Carried): unknown }
  /** Where the client is at another node: what a connect proves, as that node was told; undefined where it brought nothing. */
  identityOf? (connect: object): unknown
  /**
   * Sends messages in order. Over HTTP they are the answer to the message in `slot` of its request,
   * and the exchange ends when every slot has its answer.
   * @param clientId of the session they are for, empty where there is none
   * @param whole whether they arrive together or not at all, as the ack extension needs it
   */
  send (messages: readonly Outgoing[], clientId: string, slot: number, whole?: boolean): void
  /** Whether the client still answers; asked when somebody else claims its session. Settles within 3 s. */
  probe (): Promise<boolean>
  /** Stops reading the client, until {@link resume}. */
  pause (): void
  resume (): void
  /** Ends it: with a close frame, or by answering what is still open. */
  close (reason: CloseReason): void
}
