/** CometD's client as it is: the classes that its types do not tell of, and the methods that are meant to be overridden. */
import * as cometd from 'cometd'

/** A message as CometD hands it on: a reply, an event, or one that it made up for a failure. */
export interface WireMessage {
  readonly channel: string
  readonly id?: string
  readonly clientId?: string
  readonly successful?: boolean
  readonly subscription?: string
  readonly data?: unknown
  readonly error?: string
  readonly advice?: { readonly reconnect?: string, readonly interval?: number, readonly timeout?: number }
  readonly ext?: Readonly<Record<string, any>>
  readonly connectionType?: string
  readonly supportedConnectionTypes?: readonly string[]
  /** There where no reply came. */
  readonly failure?: {
    readonly reason?: string
    readonly exception?: unknown
    readonly httpCode?: number
    readonly websocketCode?: number
    /** What `xhrSend` gave for the request. */
    readonly transport?: { readonly challenge?: string } | null
  }
}

/** What CometD is about to do about a failure. */
export interface FailurePlan {
  action: 'none' | 'retry' | 'handshake'
  /** In ms, on top of the advised interval. */
  delay?: number
  transport: WireTransport | null
}

/** An extension, as CometD calls it: what it returns goes on, null goes nowhere. */
export interface WireExtension {
  incoming?: (message: any) => unknown
  outgoing?: (message: any) => unknown
  registered?: (name: string, client: any) => void
}

export interface WireTransport {
  readonly type: string
}

/** One request of a polling transport. */
export interface Packet {
  readonly url: string
  readonly headers?: Record<string, string>
  readonly body: string
  onSuccess (text: string): void
  onError (reason: string, exception?: unknown): void
}

type Callback = (message: WireMessage) => void

interface Client {
  configure (configuration: object): void
  registerTransport (type: string, transport: object): boolean
  unregisterTransports (): void
  getTransport (): WireTransport | null
  getClientId (): string | null
  isDisconnected (): boolean
  registerExtension (name: string, extension: WireExtension): boolean
  addListener (channel: string, callback: Callback): object
  removeListener (handle: object): void
  handshake (props: object, callback?: Callback): void
  disconnect (callback?: Callback): void
  batch (group: () => void): void
  subscribe (channel: string, callback: Callback, props: object, reply: Callback): object
  unsubscribe (handle: object, props: object, reply?: Callback): void
  publish (channel: string, data: unknown, props: object, reply: Callback): void
  remoteCall (target: string, content: unknown, timeout: number, props: object, answer: Callback): void
  receive (message: WireMessage): void
  reload?: () => void
  onListenerException?: (error: unknown) => void
  onCallbackException?: (error: unknown) => void
  setTimeout (run: () => void, delay: number): unknown
  clearTimeout (handle: unknown): void
  getBackoffPeriod (): number
  increaseBackoffPeriod (): number
  resetBackoffPeriod (): void
  onTransportFailure (message: WireMessage, plan: FailurePlan, follow: (plan: FailurePlan) => void): void
  _warn (...details: unknown[]): void
  _info (...details: unknown[]): void
  _debug (...details: unknown[]): void
}

interface Classes {
  CometD: new () => Client
  WebSocketTransport: new () => WireTransport & { accept (...details: unknown[]): boolean, send (envelope: object, metaConnect: boolean): void }
  LongPollingTransport: new () => WireTransport & {
    accept (...details: unknown[]): boolean
    transportSend (envelope: object, request: object): boolean
    xhrSend (packet: Packet): unknown
    abortXHR (request: unknown): boolean
    xhrStatus (request: unknown): number
  }
  AckExtension: new () => WireExtension
  ReloadExtension: new (settings: { name: string }) => WireExtension
  BinaryExtension: new () => WireExtension
  TimeSyncExtension: new () => WireExtension & { getTimeOffset (): number, getNetworkLag (): number, getServerTime (): number }
}

// Each by its name, so that bundlers leave out the ones that nobody asks for.
export const CometD = cometd.CometD as unknown as Classes['CometD']
export const WebSocketTransport = (cometd as unknown as Classes).WebSocketTransport
export const LongPollingTransport = (cometd as unknown as Classes).LongPollingTransport
export const AckExtension = (cometd as unknown as Classes).AckExtension
export const ReloadExtension = (cometd as unknown as Classes).ReloadExtension
export const BinaryExtension = (cometd as unknown as Classes).BinaryExtension
export const TimeSyncExtension = (cometd as unknown as Classes).TimeSyncExtension
