import type { AnyChannels, ChannelOf, Known, PatternOf, Published, Received } from '../../types/channels.js'
import { Ascent } from './ascent.js'
import { Authentication } from './authentication/authentication.js'
import type { Credentials } from './authentication/credentials.js'
import { BackOff } from './back-off.js'
import { AckExtension, ReloadExtension, type WireMessage } from './cometd.js'
import { Arrival, type Connection } from './connection.js'
import { Emitter, uncaught } from './emitter.js'
import { errorOf, RealtimeError } from './error.js'
import { asyncDispose, host } from './host.js'
import { settingsOf, type ClientOptions, type Settings } from './options.js'
import { Publisher, type PublishOptions } from './publisher.js'
import { RoundTrip } from './round-trip.js'
import { Service, type ServiceOptions } from './service.js'
import { Subscription, type ChannelEvent, type SubscribeOptions } from './subscription.js'
import { Subscriptions } from './subscriptions.js'
import { Timers } from './timers.js'
import { Polling } from './transports/polling.js'
import { WebSocketOf } from './transports/websocket.js'
import type { AnyServices } from './types.js'
import { Wire, type TransportName } from './wire.js'

export interface ClientEvents {
  connection: [connection: Connection]
  /** A session began. Where it is not the first, what was published between the two was missed. */
  session: [clientId: string, first: boolean]
  /** How long the gateway took to answer, in ms. */
  roundTrip: [milliseconds: number]
  /** What nobody waited for: a subscription with a listener that was refused, an answer to the first GET that says nothing good. */
  error: [error: RealtimeError]
}

/**
 * A client of a gateway. It connects at its first use or by `connect()`, and then keeps itself connected: a lost
 * connection is made again over the same transport or the other, in the same session where it still lives, with the
 * same subscriptions where it does not.
 *
 * @typeParam Channels what travels on which channel: `{ '/chat/*': { user: string, text: string } }`
 * @typeParam Services what the services speak, by name: `{ random: { event: string } }`
 */
export class RealtimeClient<Channels = AnyChannels, Services = AnyServices> implements AsyncDisposable {
  readonly url: string
  readonly #settings: Settings
  readonly #emitter = new Emitter<ClientEvents>()
  readonly #authentication: Authentication
  readonly #wire: Wire
  readonly #subscriptions: Subscriptions
  readonly #publisher: Publisher
  readonly #ascent: Ascent | null
  #connection: Connection = { state: 'idle' }
  #arrival = new Arrival()
  #attempt: AbortController | null = null
  #leaving = Promise.resolve()
  #sessions = 0
  #roundTrip: number | null = null
  #services: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}

  /**
   * @param url of the gateway; in a page it may be relative to it: `/realtime`
   * @throws TypeError where it is no URL
   */
  constructor (url: string | URL, options: ClientOptions = {}) {
    const settings = this.#settings = settingsOf(options)
    this.url = new URL(url, host.location?.href).href
    const timers = new Timers(settings.worker)
    const authentication = this.#authentication = new Authentication(settings.fetch, settings.authenticate, settings.credentials)
    const { WebSocket, transports } = settings
    const usesSockets = WebSocket !== undefined && transports.includes('websocket')
    const polls = transports.includes('long-polling')
    this.#wire = new Wire({
      ...settings,
      url: this.url,
      authentication,
      timers,
      transports: { ...(usesSockets && { websocket: new WebSocketOf(WebSocket) }), ...(polls && { 'long-polling': new Polling(authentication) }) },
      backOff: new BackOff(settings.backOff),
      onWaiting: (until, reason) => this.#become({ state: 'waiting', until, reason }),
      onAttempt: () => this.#become({ state: 'connecting' }),
      onStopped: reason => this.#close(reason)
    })
    this.#ascent = usesSockets && polls && settings.retryWebSocket > 0 ? new Ascent(WebSocket, this.url, timers, settings.retryWebSocket) : null
    this.#subscriptions = new Subscriptions(this.#wire)
    this.#publisher = new Publisher(this.#wire, settings.queue)
    this.#extend()
    this.#wire.addListener('/meta/handshake', message => this.#onHandshake(message))
    this.#wire.addListener('/meta/connect', message => this.#onConnect(message))
  }

  /** How it is connected now. Changes are told by `on('connection', …)`. */
  get connection (): Connection {
    return this.#connection
  }

  /** Name of the session, which is a secret; null where there is none. */
  get clientId (): string | null {
    return this.#wire.getClientId()
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
    return this.#authentication.credentials
  }

  set credentials (credentials: Credentials | null) {
    this.#authentication.credentials = credentials
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
    const { state } = this.#connection
    if (state === 'idle' || state === 'closed') this.#begin().catch(uncaught)
    return this.#arrival.promise
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

  /** Opens a conversation with a service. Several with the same service share it, and what it says. */
  service<const Name extends keyof Services & string> (name: Name, options: ServiceOptions = {}): Service<Services[Name] & object> {
    this.#use()
    return new Service(this.#subscriptions, this.#publisher, name, options)
  }

  /**
   * Asks the gateway for a sign of life.
   * @returns how long it took, in ms
   * @throws RealtimeError (the promise rejects): `lost`, `closed`
   */
  ping (): Promise<number> {
    return new Promise((resolve, reject) => {
      if (!this.#wire.ready) throw new RealtimeError('lost', 'There is no connection')
      const sent = performance.now()
      // To unsubscribe from what is not subscribed is answered at once, and changes nothing.
      this.#wire.unsubscribe({ channel: '/ping', id: 0 }, {}, reply => {
        if (reply.failure === undefined) resolve(performance.now() - sent)
        else reject(errorOf(reply))
      })
    })
  }

  /** Tries at once where it waits for its next attempt, and makes sure of the connection where it has one. */
  hurry (): void {
    if (this.#connection.state === 'waiting') this.#wire.hurry()
    // Where no answer comes within maxNetworkDelay, the connection is given up.
    else if (this.#connection.state === 'connected') this.ping().catch(() => {})
  }

  /** Says goodbye to the gateway, and ends all subscriptions and conversations. @returns resolves when it is done, also where it was closed already */
  close (): Promise<void> {
    if (this.#connection.state === 'closed') return this.#leaving
    if (this.#wire.ready) this.#leaving = new Promise(resolve => this.#wire.disconnect(() => resolve()))
    else this.#wire.stop()
    this.#close(new RealtimeError('closed', 'The client was closed'))
    return this.#leaving
  }

  [asyncDispose] (): Promise<void> {
    return this.close()
  }

  #extend (): void {
    const { ack, reload, extensions } = this.#settings
    this.#wire.registerExtension('round-trip', new RoundTrip(milliseconds => {
      this.#roundTrip = milliseconds
      this.#emitter.emit('roundTrip', milliseconds)
    }))
    if (ack) this.#wire.registerExtension('ack', new AckExtension())
    if (reload) this.#wire.registerExtension('reload', new ReloadExtension({ name: `fastify-bayeux ${this.url}` }))
    for (const extension of extensions) this.#wire.registerExtension(extension.name, extension)
  }

  // Who uses it wants it connected; a closed one stays closed.
  #use (): void {
    if (this.#connection.state === 'idle') this.#begin().catch(uncaught)
    if (this.#connection.state === 'closed') throw this.#connection.reason
  }

  async #begin (): Promise<void> {
    const attempt = this.#attempt = new AbortController()
    if (this.#connection.state === 'closed') this.#arrival = new Arrival()
    this.#become({ state: 'connecting' })
    this.#watch(attempt.signal)
    await this.#leaving
    if (this.#authentication.asks) await this.#probe(attempt.signal)
    if (!attempt.signal.aborted) this.#wire.handshake({})
  }

  async #probe (signal: AbortSignal): Promise<void> {
    try {
      await this.#authentication.probe(this.url, signal)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof RealtimeError) || error.code === 401) return this.#close(error instanceof RealtimeError ? error : new RealtimeError(401, 'No credentials', { cause: error }))
      // Others may be for GET only, or for now: the handshake will see.
      this.#emitter.emit('error', error)
    }
  }

  #watch (signal: AbortSignal): void {
    const watch = (name: string, listener: (event: { persisted?: boolean }) => void) => {
      host.addEventListener?.(name, listener)
      signal.addEventListener('abort', () => host.removeEventListener?.(name, listener))
    }
    watch('online', () => this.hurry())
    watch('pageshow', () => this.hurry())
    // A page that the browser keeps as it is may come back as it is.
    if (this.#settings.reload) watch('pagehide', ({ persisted }) => persisted === true || this.#wire.reload?.())
  }

  #onHandshake ({ successful, ext, advice, clientId }: WireMessage): void {
    if (successful !== true) return
    this.#services = ext?.services ?? {}
    this.#emitter.emit('session', clientId as string, this.#sessions++ === 0)
    if (advice?.reconnect === 'none') return this.#close(new RealtimeError('closed', 'The gateway advises to stop'))
    this.#subscriptions.renew()
  }

  #onConnect ({ successful, advice }: WireMessage): void {
    if (successful !== true || this.#connection.state === 'closed') return
    if (advice?.reconnect === 'none') return this.#close(new RealtimeError('closed', 'The gateway advises to stop'))
    const transport = this.#wire.getTransport()?.type as TransportName
    if (this.#connection.state !== 'connected' || this.#connection.transport !== transport) {
      this.#become({ state: 'connected', transport })
      this.#subscriptions.resume()
      this.#publisher.flush()
      this.#arrival.resolve()
    }
    if (transport === 'websocket') this.#ascent?.stop(true)
    else if (this.#ascent?.possible === true && this.#publisher.idle) {
      this.#ascent.stop(false)
      this.#wire.climb()
    } else this.#ascent?.begin()
  }

  #close (reason: RealtimeError): void {
    if (this.#connection.state === 'closed') return
    this.#attempt?.abort()
    this.#ascent?.stop(true)
    this.#become({ state: 'closed', reason })
    this.#arrival.reject(reason)
    this.#subscriptions.end(reason.code === 'closed' ? null : reason)
    this.#publisher.end(reason)
  }

  #become (connection: Connection): void {
    const { state } = this.#connection
    if (state === 'connecting' && connection.state === 'connecting') return
    if (state === 'connected' && connection.state !== 'closed' && connection.state !== 'connected') this.#arrival = new Arrival()
    this.#connection = connection
    this.#emitter.emit('connection', connection)
  }
}
