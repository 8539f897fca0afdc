/** What the broker is made of; `plugin.ts` hands it over, once, at start. */
import type { FastifyBaseLogger } from 'fastify'
import type { Caller, Calls, ConnectRequest, Extension, HandshakeRequest, History, Nodes, OwnService, Policy, RealtimeEvents, Services, Session, Watchers } from '../../types/index.js'
import type { Limits } from '../limits.js'
import type { Advice } from '../protocol/advice.js'
import type { Channels } from './channels.js'

/** The settings of the wire. Times are in ms. */
export interface BrokerConfig {
  readonly transports: readonly string[]
  readonly timeout: number
  readonly interval: number
  readonly maxInterval: number
  readonly metaConnectDeliverOnly: boolean
  readonly maxSessionsPerBrowser: number
  readonly multiSessionInterval: number
  /** Said after a handshake, and after a connect. */
  readonly handshakeAdvice: Advice
  readonly connectAdvice: Advice
}

/** The services that the gateway itself answers, by the first segment of their name. */
export interface OwnServices {
  readonly rpc: Calls
  /** Null where no channel has presence. */
  readonly presence: OwnService | null
}

/** The settings, the ports, and what the application brings. */
export interface BrokerParts {
  readonly config: BrokerConfig
  readonly limits: Limits
  readonly services: Services
  readonly own: OwnServices
  /** What is said of channels; null where nothing is. */
  readonly channels: Channels | null
  /** Where events of channels with a history are kept; null where no channel has one. */
  readonly history: History | null
  /** The other nodes; null where this is the only one. */
  readonly nodes: Nodes | null
  readonly policy: Policy
  readonly extensions: readonly Extension[]
  /** The identity of a caller that shakes hands; throws where it may not. */
  readonly authenticate: (caller: Caller, handshake: HandshakeRequest) => unknown
  /** The identity that a connect brings now, undefined where it brings none; throws where it may not go on. `session` is null where it lives on another node. */
  readonly renew?: (caller: Caller, connect: ConnectRequest, session: Session | null) => unknown
  readonly sameIdentity: (one: unknown, other: unknown) => boolean
  /** When an identity ends, in ms since 1970. */
  readonly identityExpires?: (identity: unknown) => number | null | undefined
  readonly emit: <Name extends keyof RealtimeEvents>(name: Name, ...args: RealtimeEvents[Name]) => void
  readonly watchers: Watchers
  readonly log: FastifyBaseLogger
}
