import type { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import type { Session } from './session.js'

/** What a handler of an `internal` service may use besides what clients send. */
export interface InternalContext {
  /** Who subscribed; null where many share the service. */
  readonly session: Session | null
  /** Aborted when the conversation ends. */
  readonly signal: AbortSignal
  readonly log: FastifyBaseLogger
}

/**
 * A service as an object, the form of Nodefony's own services. Where it is an EventEmitter too, each of its
 * `data` and `message` events is a message, `error` breaks the conversation, `end` and `close` end it.
 */
export interface InternalService {
  /** Somebody subscribed; what it returns, if anything, is the first message. Where it throws, the subscribe is refused. */
  connect? (context: InternalContext & { readonly send: (data: unknown) => void }): unknown
  /** Somebody published; what it returns, if anything, is a message. The next one waits for its promise. */
  onMessage? (data: unknown, context: InternalContext): unknown
  /** The conversation is over. */
  close? (context: InternalContext): unknown
}

/** Where the messages of an `internal` service come from. */
export type InternalSource = AsyncIterable<unknown> | Iterable<unknown> | Readable | EventEmitter | InternalService

/**
 * What stands behind an `internal` service: a source for all conversations (an EventEmitter or an object),
 * or a function that makes one for each. `incoming` is what clients publish, one after the other; a function
 * without parameters is read-only, and publishes to it get 405.
 */
export type InternalHandler = InternalSource | ((incoming: AsyncIterable<unknown>, context: InternalContext) => InternalSource | Promise<InternalSource>)
