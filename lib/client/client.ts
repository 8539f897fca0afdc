import type { AnyChannels, ChannelOf, Known, PatternOf, Published, Received } from '../../types/channels.js'
import { RPC } from '../protocol/channel.js'
import { Answers, type Handler } from './answers.js'
import type { Credentials } from './authentication/credentials.js'
import { AckExtension, type WireMessage } from './cometd.js'
import type { Connection } from './connection.js'
import { withDeadline, type CallOptions } from './deadline.js'
import { Emitter } from './emitter.js'
import { RealtimeError } from './error.js'
import { asyncDispose, host } from './host.js'
import { Keeper } from './keeper.js'
import { settingsOf, type ClientOptions, type Settings } from './options.js'
import { Presence } from './presence.js'
import { Publisher, type PublishOptions } from './publisher.js'
import { RoundTrip } from './round-trip.js'
import { Service, type ServiceOptions } from './service.js'
import { Subscription, type ChannelEvent, type SubscribeOptions } from './subscription.js'
import { Subscriptions } from './subscriptions.js'
import type { AnyCalls, AnyServices, CallParameters, CallResult } from './types.js'
import type { Wire } from './wire.js'

export interface ClientEvents {
  connection: [connection: Connection]
  /** A session began. Where it is not the first, what was published between the two was missed. */
  session: [clientId: string, first: boolean]
  /** The gateway let us in: its answer to the GET that asks, where there is an option `authenticate`. */
  authorized: []
  /** How long the gateway took to answer, in ms. */
  roundTrip: [milliseconds: number]
  /** What nobody waited for: a subscription with a listener that was refused, events that are no longer kept, an answer to the first GET that says nothing good. */
  error: [error: RealtimeError]
}

/**
 * A client of a gateway. It connects at its first use or by `connect()`, and then keeps itself connected: a lost
 * connection is made again over the same transport or the other, in the same session where it still lives, with the
 * same subscriptions where it does not.
 *
 * @typeParam Channels what travels on which channel: `{ '/chat/*': { user: string, text: string } }`
 * @typeParam Services what the services speak, by name: `{ random: { event: string } }`
 * @typeParam Calls what the gateway answers, by name: `{ add (params: { a: number, b: number }): number }`
 */
export class RealtimeClient<Channels = AnyChannels, Services = AnyServices, Calls = AnyCalls> implements AsyncDisposable {
  readonly url: string
  readonly #emitter = new Emitter<ClientEvents>()
  readonly #keeper: Keeper
  readonly #subscriptions: Subscriptions
  readonly #publisher: Publisher
  readonly #answers: Answers
  #sessions = 0
  #roundTrip: number | null = null
  #services: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}

  /**
   * @param url of the gateway; in a page it may be relative to it: `/realtime`
   * @throws TypeError where it is no URL
   */
  constructor (url: string | URL, options: ClientOptions = {}) {
    const settings = settingsOf(options)
    this.url = new URL(url, host.location?.href).href
    this.#keeper = new Keeper(this.url, settings, {
      onConnection: connection => this.#emitter.emit('connection', connection),
      onAuthorized: () => this.#emitter.emit('authorized'),
      onError: error => this.#emitter.emit('error', error),
      onSession: message => this.#onSession(message),
      onConnected: () => {
        this.#subscriptions.resume()
        this.#publisher.flush()
      },
      onClosed: reason => {
        this.#subscriptions.end(reason.code === 'closed' ? null : reason)
        this.#publisher.end(reason)
      },
      mayClimb: () => this.#publisher.idle
    })
    const { wire } = this.#keeper
    this.#subscriptions = new Subscriptions(wire, error => this.#emitter.emit('error', error))
    this.#publisher = new Publisher(wire, settings.queue)
    this.#answers = new Answers(wire, this.#publisher)
    this.#extend(wire, settings)
  }

  /** How it is connected now. Changes are told by `on('connection', …)`. */
  get connection (): Connection {
    return this.#keeper.connection
  }

  /** Name of the session, which is a secret; null where there is none. */
  get clientId (): string | null {
    return this.#keeper.wire.getClientId()
  }

  /** How long the gateway took to answer last, in ms; null before the first answer. */
  get roundTrip (): number | null {
    return this.#roundTrip
  }

  /** Messages that wait for a connection. */
  get queued (): number {
    return this.#publisher.queued
  }

  /** What the gateway told of its services when the session began, by name. */
  get services (): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
    return this.#services
  }

  /** Who the client is; may be changed, for a fresh token: it goes along with the next connect. */
  get credentials (): Credentials | null {
    return this.#keeper.authentication.credentials
  }

  set credentials (credentials: Credentials | null) {
    this.#keeper.authentication.credentials = credentials
  }

  /** @returns stops listening */
  on<Name extends keyof ClientEvents> (name: Name, listener: (...details: ClientEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener)
  }

  /**
   * Connects, also after it was closed. Who uses the client before is served as well.
   * @returns resolves when it is connected, however often it has to try
   * @throws RealtimeError (the promise rejects) where it is closed instead: why the gateway refused, or `closed`
   */
  connect (): Promise<void> {
    return this.#keeper.connect()
  }

  /**
   * Subscribes to a channel or a pattern, at once or when there is a connection.
   * With a listener it is called with each event; without, they are read with `for await`.
   */
  subscribe<const Channel extends PatternOf<Channels>> (channel: Channel & Known<Channel, Received<Channels, Channel>>, options?: SubscribeOptions): Subscription<Received<Channels, Channel>>
  subscribe<const Channel extends PatternOf<Channels>> (channel: Channel & Known<Channel, Received<Channels, Channel>>, listener: (event: ChannelEvent<Received<Channels, Channel>>) => void, options?: SubscribeOptions): Subscription<Received<Channels, Channel>>
  subscribe (channel: string, first: SubscribeOptions | ((event: ChannelEvent<any>) => void) = {}, second: SubscribeOptions = {}): Subscription<any> {
    this.#use()
    const [listener, options] = typeof first === 'function' ? [first, second] : [null, first]
    return new Subscription(this.#subscriptions, channel, listener, options, error => this.#emitter.emit('error', error))
  }

  /**
   * Publishes to a channel. Without a connection it waits for one, up to the option `queue`.
   * @returns resolves when the gateway has acknowledged it
   * @throws RealtimeError (the promise rejects): the gateway's refusal by its code, `full`, `lost`, `closed`, `malformed`
   */
  publish<const Channel extends ChannelOf<Channels>> (channel: Channel & Known<Channel, Published<Channels, Channel>>, data: Published<Channels, Channel>, options: PublishOptions = {}): Promise<void> {
    this.#use()
    return this.#publisher.publish(channel, data, options)
  }

  /** Watches who is on a channel. */
  presence<const Channel extends ChannelOf<Channels>> (channel: Channel & Known<Channel, Published<Channels, Channel>>, { signal }: { readonly signal?: AbortSignal } = {}): Presence {
    this.#use()
    return new Presence(this.#subscriptions, channel, signal)
  }

  /**
   * Calls the application behind the gateway. Without a connection it waits for one.
   * @returns resolves to the result
   * @throws RealtimeError (the promise rejects): the refusal or failure by its code, `timeout`, `lost`, `full`, `closed`, `malformed`
   */
  call<const Name extends keyof Calls & string> (name: Name, ...[params = null, options = {}]: CallParameters<Calls[Name], CallOptions>): Promise<CallResult<Calls[Name]>> {
    this.#use()
    return withDeadline(name, options as CallOptions, (signal, timeout) => this.#publisher.publish(`${RPC}/${name}`, params, { signal }, timeout))
  }

  /**
   * Answers when the application behind the gateway calls this client: with what the handler returns or resolves to;
   * where it throws, with a no, and with code and data where it throws an RpcError.
   * @returns stops answering
   */
  handle (method: string, handler: Handler): () => void {
    return this.#answers.handle(method, handler)
  }

  /** Opens a conversation with a service. Several with the same service share it, and what it says. */
  service<const Name extends keyof Services & string> (name: Name, options: ServiceOptions = {}): Service<Services[Name]> {
    this.#use()
    return new Service(this.#subscriptions, this.#publisher, name, options)
  }

  /**
   * Asks the gateway for a sign of life.
   * @returns how long it took, in ms
   * @throws RealtimeError (the promise rejects): `lost`, `closed`
   */
  ping (): Promise<number> {
    return this.#keeper.ping()
  }

  /**
   * Tries at once where it waits for its next attempt, and makes sure of the connection where it has one. The client
   * does so by itself when the browser says that the network is back.
   */
  hurry (): void {
    this.#keeper.hurry()
  }

  /** Says goodbye to the gateway, and ends all subscriptions and conversations. @returns resolves when it is done, also where it was closed already */
  close (): Promise<void> {
    return this.#keeper.close(new RealtimeError('closed', 'The client was closed'))
  }

  [asyncDispose] (): Promise<void> {
    return this.close()
  }

  #extend (wire: Wire, { ack, extensions }: Settings): void {
    wire.registerExtension('round-trip', new RoundTrip(milliseconds => {
      this.#roundTrip = milliseconds
      this.#emitter.emit('roundTrip', milliseconds)
    }))
    if (ack) wire.registerExtension('ack', new AckExtension())
    for (const extension of extensions) wire.registerExtension(extension.name, extension)
  }

  // Who uses it wants it connected; a closed one stays closed.
  #use (): void {
    const { connection } = this.#keeper
    if (connection.state === 'closed') throw connection.reason
    if (connection.state === 'idle') this.#keeper.connect().catch(() => {})
  }

  #onSession ({ ext, clientId }: WireMessage): void {
    this.#services = ext?.services ?? {}
    this.#publisher.lose(new RealtimeError('lost', 'The session is gone, and with it the answer'))
    this.#emitter.emit('session', clientId as string, this.#sessions++ === 0)
    this.#subscriptions.renew(ext?.reload === true)
  }
}
