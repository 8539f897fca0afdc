import type { Authenticate, Fetch } from './authentication/authentication.js'
import type { Credentials } from './authentication/credentials.js'
import type { BackOffSettings } from './back-off.js'
import type { WireExtension } from './cometd.js'
import { host, type SocketClass } from './host.js'
import type { TransportName } from './wire.js'

/** An extension of the client: sees and may change every message, as CometD's extensions do. */
export interface ClientExtension extends WireExtension {
  readonly name: string
}

/** All may be left out. Times are in ms. */
export interface ClientOptions {
  /** The ways to the gateway that may be used; both by default, WebSocket first. */
  readonly transports?: readonly TransportName[]
  /** What is lost with a connection is sent again by the gateway: nothing is missed, nothing comes twice. */
  readonly ack?: boolean
  /** Waits between attempts: from `initial` (1000) doubling to `max` (30000), with jitter. */
  readonly backOff?: Partial<BackOffSettings>
  /** Messages that wait for a connection at most; 100 by default. Beyond it `publish` fails with `full`. */
  readonly queue?: number
  /** How long an answer may take, apart from what a connect is held: 10000 by default. Beyond it the connection is given up. */
  readonly maxNetworkDelay?: number
  /** How long a WebSocket may take to open: 5000 by default. */
  readonly connectTimeout?: number
  /** On long-polling, how long until a WebSocket is tried again: 30000 by default, doubling to 10 minutes; 0 never tries. */
  readonly retryWebSocket?: number
  /** Characters of JSON that one message may have: 262144 by default, as the gateway's `limits.websocketMessage`. */
  readonly maxMessage?: number
  /** Keeps timers in a worker, so that a hidden page keeps its connection: true by default, where there are workers. */
  readonly worker?: boolean
  /** Who the client is, where that is known from the start. */
  readonly credentials?: Credentials
  /** Asked for credentials when the gateway answers 401; with it the client asks the gateway by a GET first. */
  readonly authenticate?: Authenticate
  /** Extensions: `reload()`, `timesync()`, `binary()`, or the application's. */
  readonly extensions?: readonly ClientExtension[]
  /** The class of WebSockets, where the global one is missing (Node 20) or not the right one. */
  readonly WebSocket?: SocketClass
  /** Instead of the global `fetch`: one that keeps cookies, say. */
  readonly fetch?: Fetch
}

/** The options with their defaults. */
export type Settings = Required<Omit<ClientOptions, 'credentials' | 'authenticate' | 'WebSocket' | 'backOff'>> & {
  readonly backOff: BackOffSettings
  readonly credentials: Credentials | null
  readonly authenticate: Authenticate | undefined
  readonly WebSocket: SocketClass | undefined
}

export function settingsOf (options: ClientOptions): Settings {
  return {
    transports: ['websocket', 'long-polling'],
    ack: false,
    queue: 100,
    maxNetworkDelay: 10_000,
    connectTimeout: 5000,
    retryWebSocket: 30_000,
    maxMessage: 262_144,
    worker: true,
    credentials: null,
    authenticate: undefined,
    extensions: [],
    WebSocket: host.WebSocket,
    fetch: (url, init) => fetch(url, init),
    ...options,
    backOff: { initial: 1000, max: 30_000, ...options.backOff }
  }
}
