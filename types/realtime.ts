import type { TSchema } from '@sinclair/typebox'
import type { ServiceInput } from '../lib/options/index.js'
import type { EventMessage, MessageId, ReplyMessage } from '../lib/protocol/message.js'
import type { Call } from './call.js'
import type { AnyChannels, ChannelOf, Known, PatternOf, Published, Received } from './channels.js'
import type { Health } from './health.js'
import type { Metrics } from './metrics.js'
import type { Member, PresentMember } from './presence.js'
import type { Session, SessionHandle } from './session.js'

/** Why a session ended; `moved`: its client has connected to another node for the first time, where it goes on. */
export type EndReason = 'disconnected' | 'moved' | 'expired' | 'overflow' | 'closed' | 'kicked' | 'unauthenticated' | 'failed' | 'shutdown'

/** What `app.realtime.on` can listen to, with the arguments of its listeners. */
export interface RealtimeEvents {
  /** A session was born. */
  handshake: [session: Session]
  /** It connected for the first time, or moved to another transport or connection. */
  connect: [session: Session]
  subscribe: [session: Session, channel: string]
  unsubscribe: [session: Session, channel: string]
  /** Somebody published; `session` is null where it was the application, or a client without a session. */
  publish: [session: Session | null, channel: string, data: unknown]
  /** A session is on a channel with `presence`, or is there no more; it is null where it lives on another node. */
  join: [channel: string, member: Member, session: Session | null]
  leave: [channel: string, member: Member, session: Session | null]
  /** It lived `maxInterval` without a connection; `disconnect` follows. */
  expire: [session: Session]
  /** It is gone, for whatever reason; this is the one to clean up in. */
  disconnect: [session: Session, reason: EndReason]
}

/** What a listener of the application gets: the event, and who published it (null: the application, or a client without a session). */
export type Listener<Data = any> = (message: Readonly<Omit<EventMessage, 'data'>> & { readonly data: Data }, session: Session | null) => unknown

/** An in-memory client, to test an application without a port. It speaks through the same broker as any other. */
export interface InjectedClient {
  /** Shakes hands and connects. @returns the handshake reply; `clientId` is set when it was successful */
  handshake (ext?: Record<string, unknown>): Promise<ReplyMessage>
  subscribe (channel: string, data?: unknown): Promise<ReplyMessage>
  unsubscribe (channel: string, data?: unknown): Promise<ReplyMessage>
  publish (channel: string, data: unknown): Promise<ReplyMessage>
  /**
   * Makes a call and gives its result.
   * @throws Error (the promise rejects) with the error text, `404:/service/rpc/add:Unknown call`; or where the session ends first
   */
  call (name: string, params?: unknown): Promise<any>
  disconnect (): Promise<ReplyMessage>
  /** Sends any message as it is, with an `id` and the `clientId` where it has none. @returns the reply with that id */
  send (message: Record<string, unknown>): Promise<ReplyMessage>
  /** The next event, or unasked word of the server. Rejects when the client closes first. */
  next (): Promise<EventMessage>
  /** What came and was not taken by `next` yet. */
  readonly received: ReadonlyArray<EventMessage>
  readonly clientId: string
  /** Cuts the connection, as a network would. */
  close (): void
}

/** Who an injected client pretends to be. */
export interface InjectOptions {
  address?: string
  headers?: Record<string, string>
  /** Used instead of `authenticate`. */
  identity?: unknown
}

/** How an attempt to reach a service went. */
export interface ServiceCheck {
  readonly ok: boolean
  /** How long it took. */
  readonly ms: number
  /** The error as a client would get it. */
  readonly error?: string
  /** What went wrong, in full; not for clients. */
  readonly cause?: unknown
}

/** `app.realtime.services`: the services, which may come and go. Who speaks with one that is replaced or taken away goes on. */
export interface RuntimeServices {
  readonly names: readonly string[]
  has (name: string): boolean
  /**
   * Adds a service, or puts another in its place.
   * @throws FST_BAYEUX_OPTIONS naming the path of what is wrong
   */
  set (name: string, definition: ServiceInput): this
  /** @returns whether there was one */
  delete (name: string): boolean
  /** Connects as a subscriber would, says nothing, and leaves. It never rejects. */
  check (name: string): Promise<ServiceCheck>
}

/**
 * `app.realtime`
 * @typeParam Channels what travels on which channel, where that is known: `const realtime: Realtime<MyChannels> = app.realtime`
 */
export interface Realtime<Channels = AnyChannels> {
  /**
   * Publishes to every subscriber of a broadcast channel.
   * @throws FST_BAYEUX_USAGE where the channel is malformed, a pattern, or not a broadcast channel
   */
  publish<const Channel extends ChannelOf<Channels>> (channel: Channel & Known<Channel, Published<Channels, Channel>>, data: Published<Channels, Channel>, options?: { id?: MessageId, ext?: Record<string, unknown> }): void
  /**
   * Delivers an event to one session, on any channel but `/meta/…`.
   * @returns false where no such session lives; where it would live on another node: where that node is not there
   */
  deliver (clientId: string, channel: string, data: unknown): boolean
  /**
   * Listens as the application: to a channel, a pattern, or what clients publish to a `/service/…` channel.
   * @returns stops listening
   * @throws FST_BAYEUX_USAGE where the pattern is malformed
   */
  subscribe<const Channel extends PatternOf<Channels>> (pattern: Channel & Known<Channel, Received<Channels, Channel>>, listener: Listener<Received<Channels, Channel>>): () => void
  /**
   * Answers a call of clients, as the option `calls` does, from now on.
   * @returns takes it away again; what runs goes on
   * @throws FST_BAYEUX_OPTIONS where something in it is wrong; FST_BAYEUX_USAGE where there is one of this name
   */
  handle<Params extends TSchema, Result extends TSchema> (name: string, definition: Call<Params, Result>): () => void
  /**
   * Who is on a channel now, in the order in which they came.
   * @throws FST_BAYEUX_USAGE where the channel is malformed, or its definition says nothing of `presence`
   */
  presence<const Channel extends ChannelOf<Channels>> (channel: Channel & Known<Channel, Published<Channels, Channel>>): PresentMember[]
  on<Name extends keyof RealtimeEvents> (name: Name, listener: (...args: RealtimeEvents[Name]) => unknown): this
  once<Name extends keyof RealtimeEvents> (name: Name, listener: (...args: RealtimeEvents[Name]) => unknown): this
  off<Name extends keyof RealtimeEvents> (name: Name, listener: (...args: RealtimeEvents[Name]) => unknown): this
  /**
   * Ends every session of this node that a predicate picks: those of an identity that was revoked, say.
   * @param reason for the clients to read
   * @returns how many were ended
   */
  disconnect (where: (session: Session) => boolean, reason?: string): number
  /** The living sessions of this node by clientId. */
  readonly sessions: ReadonlyMap<string, Session>
  /** A session by its clientId, wherever it lives; null where there is none, or no such node. */
  session (clientId: string): SessionHandle | null
  readonly services: RuntimeServices
  inject (options?: InjectOptions): InjectedClient
  metrics (): Metrics
  /** How the gateway and its services are, from what is known without asking them. */
  health (): Health
}
