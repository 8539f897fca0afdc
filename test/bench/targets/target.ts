import type { Metrics } from '../../../types/index.js'
import type { BusKind } from '../buses.js'
import type { ChannelOptions } from './channel-options.js'

/** What a server is told when it starts. */
export interface Settings {
  /** Port of the service on TCP behind it; 0: there is none. */
  readonly backend: number
  /** ms between two signs of life of an idle session. */
  readonly heartbeat: number
  /** File for the profile of what is measured. */
  readonly profile?: string
  /** The bus that it is a node of. */
  readonly bus?: { readonly kind: BusKind, readonly port: number }
  /** What its option `channels` says. */
  readonly channels?: ChannelOptions
}

/** A server that is compared, running in its own process. */
export interface Running {
  readonly port: number
  /** Publishes the event of that number to all who subscribe to {@link CHANNEL}. */
  publish? (number: number): void
  /** Figures of a gateway. */
  metrics? (): Metrics
}

/** Starts a server on a free port of this machine; the default export of each target. */
export type Start = (settings: Settings) => Promise<Running>

/** The channel of the fan-out. */
export const CHANNEL = '/bench/fan/out'
