import type { FastifyBaseLogger } from 'fastify'
import type { Static, TSchema } from '@sinclair/typebox'
import type { CallSettings } from './call.js'
import type { Caller } from './caller.js'

/** What can be done with a session wherever it lives: on this node, or on another. */
export interface SessionHandle {
  /** The clientId: whoever knows it may speak for the session, so keep it out of logs and messages. */
  readonly id: string
  /**
   * Delivers an event to this session alone.
   * @returns false where the session has ended; on another node: where that node is not there
   */
  deliver (channel: string, data: unknown): boolean
  /**
   * Calls the client and waits for its answer.
   * @param method what the client answers to: `client.handle(method, …)`
   * @throws FST_BAYEUX_CALL_… (the promise rejects): `ENDED`, `TIMEOUT`, `UNKNOWN`, `REFUSED`, `RESULT`, `LIMIT`
   */
  call<Result extends TSchema = TSchema> (method: string, params?: unknown, settings?: CallSettings<Result>): Promise<Static<Result>>
  /**
   * Ends the session and tells the client, which is advised to stop.
   * @param reason for the client to read
   */
  disconnect (reason?: string): void
}

/**
 * One handshaken client, whatever carries it. It outlives its connections by `maxInterval` ms.
 */
export interface Session extends SessionHandle {
  /** A number for logs and lists: unique on this node, and no secret. */
  readonly number: number
  /** What `authenticate` returned, null where nobody asked. */
  readonly identity: unknown
  /** Who shook hands. */
  readonly caller: Caller
  /** What carries it now: `websocket`, `long-polling`, null before its first connect and when its connection was lost. */
  readonly transport: string | null
  /** Channels and patterns it is subscribed to. */
  readonly subscriptions: ReadonlySet<string>
  /** Names of the services it has open. */
  readonly services: readonly string[]
  /** ms since it shook hands. */
  readonly age: number
  /** Bytes that wait for its client. */
  readonly waiting: number
  /** True when it is over: nothing reaches it any more. */
  readonly ended: boolean
  /** Fastify's logger with the session's number; never its clientId. */
  readonly log: FastifyBaseLogger
  /** Room for the application: whatever it wants to remember of this client. */
  readonly state: Map<string, unknown>
}
