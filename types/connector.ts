import type { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import type { Limits } from '../lib/limits.js'
import type { ServiceOptions } from '../lib/options/index.js'
import type { Session } from './session.js'

/** What a connector may use besides the definition of its service. */
export interface ConnectorContext {
  /** Whom the connection is for; null where many share it. */
  readonly session: Session | null
  /**
   * Aborted when nobody waits for the connection any more: connect timeout, or the end of the session
   * while it connects. Later the Duplex itself is ended, and destroyed a while after.
   */
  readonly signal: AbortSignal
  readonly log: FastifyBaseLogger
  /** All bounds: `serviceMessage` (bytes of one message), `serviceQueue` (messages of a source that cannot wait) … */
  readonly limits: Limits
  /** Counts messages that were dropped because nobody could take them in time. */
  readonly dropped: (count: number) => void
}

/** One message of an object-mode Duplex. It is boxed, so that `null` is a message too. */
export interface Box {
  readonly data: unknown
}

/**
 * A way to a service: Node's Duplex is the whole interface, with back-pressure, half-close, errors and
 * destroy. What it may carry besides is optional.
 *
 * In byte mode its bytes go through framing and encoding. In object mode it has messages already, each a
 * {@link Box}, both ways: bytes in them go through the encoding, and other values stay what they are.
 * One that cannot be written to (`writable` is false from the start) is read-only: publishes get 405.
 */
export interface ServiceDuplex extends Duplex {
  /** The longest message that can be written, in bytes; more is answered 413. */
  readonly longest?: number
  /** Set when it ends, where that is no good end: the client is told of it after the last message. */
  readonly endedBy?: Error | null
}

/** An error of a connector or its Duplex. `told` is for the client to read; without it no detail leaves the log. */
export interface ServiceError extends Error {
  readonly told?: string
}

/**
 * Opens a way to a service.
 *
 * A socket may be returned while it is still connecting: the link waits for `connect` or
 * `secureConnect`, within the connect timeout. A Duplex that arrives after the abort is destroyed.
 * @throws whatever went wrong; the client is told by its `code` (ECONNREFUSED: 403, ETIMEDOUT: 408, else 502), and its `told`
 */
export type Connector = (service: ServiceOptions & Readonly<Record<string, unknown>>, context: ConnectorContext) => ServiceDuplex | Promise<ServiceDuplex>
