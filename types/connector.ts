import type { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import type { ServiceOptions } from '../lib/options.js'
import type { Session } from './session.js'

/** What a connector may use besides the definition of its service. */
export interface ConnectorContext {
  /** Whom the connection is for. */
  readonly session: Session
  /**
   * Aborted when nobody waits for the connection any more: connect timeout, or the end of the session
   * while it connects. Later the Duplex itself is ended, and destroyed a while after.
   */
  readonly signal: AbortSignal
  readonly log: FastifyBaseLogger
}

/**
 * Opens a way to a service. Node's Duplex is the whole interface: back-pressure, half-close,
 * errors and destroy come with it.
 *
 * A socket may be returned while it is still connecting: the link waits for `connect` or
 * `secureConnect`, within the connect timeout. A Duplex that arrives after the abort is destroyed.
 * Bytes go through framing and encoding.
 * @throws whatever went wrong; the client is told by its `code` (ECONNREFUSED: 403, ETIMEDOUT: 408, else 502)
 */
export type Connector = (service: ServiceOptions & Readonly<Record<string, unknown>>, context: ConnectorContext) => Duplex | Promise<Duplex>
