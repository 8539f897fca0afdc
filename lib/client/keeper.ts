import { Ascent } from './ascent.js'
import { Authentication } from './authentication/authentication.js'
import { BackOff } from './back-off.js'
import type { WireMessage } from './cometd.js'
import { Arrival, type Connection } from './connection.js'
import { uncaught } from './emitter.js'
import { errorOf, RealtimeError } from './error.js'
import { host } from './host.js'
import type { Settings } from './options.js'
import { Timers } from './timers.js'
import { opens } from './transports/opens.js'
import { Polling } from './transports/polling.js'
import { WebSocketOf } from './transports/websocket.js'
import { Wire, type TransportName } from './wire.js'

/** What the keeper of a connection tells. */
export interface KeeperEvents {
  onConnection (connection: Connection): void
  onAuthorized (): void
  /** What went wrong without ending anything. */
  onError (error: RealtimeError): void
  /** A session began: its handshake reply. */
  onSession (message: WireMessage): void
  /** Messages may be sent again. */
  onConnected (): void
  onClosed (reason: RealtimeError): void
  /** Whether this is a good moment to change the transport: nothing is under way that could be overtaken. */
  mayClimb (): boolean
}

/** Keeps a client connected, from `connect` to `close`, and says how it is. */
export class Keeper {
  readonly wire: Wire
  readonly authentication: Authentication
  readonly #events: KeeperEvents
  readonly #ascent: Ascent | null
  #connection: Connection = { state: 'idle' }
  #arrival = new Arrival()
  #attempt = new AbortController()
  #leaving = Promise.resolve()

  constructor (url: string, settings: Settings, events: KeeperEvents) {
    const { WebSocket, transports, retryWebSocket } = settings
    this.#events = events
    const timers = new Timers(settings.worker)
    const usesSockets = WebSocket !== undefined && transports.includes('websocket')
    const authentication = this.authentication = new Authentication({ ...settings, url, opens: async () => usesSockets && await opens(WebSocket, url) })
    const polls = transports.includes('long-polling')
    this.wire = new Wire({
      ...settings,
      url,
      authentication,
      timers,
      transports: { ...(usesSockets && { websocket: new WebSocketOf(WebSocket) }), ...(polls && { 'long-polling': new Polling(authentication) }) },
      backOff: new BackOff(settings.backOff),
      onWaiting: (until, reason) => this.#become({ state: 'waiting', until, reason }),
      onAttempt: () => this.#become({ state: 'connecting' }),
      onStopped: reason => this.#end(reason)
    })
    this.#ascent = usesSockets && polls && retryWebSocket > 0 ? new Ascent(WebSocket, url, timers, retryWebSocket) : null
    this.wire.addListener('/meta/handshake', message => this.#onHandshake(message))
    this.wire.addListener('/meta/connect', message => this.#onConnect(message))
  }

  get connection (): Connection {
    return this.#connection
  }

  /** Begins, unless it has begun. @returns resolves when it is connected, rejects where it is closed instead */
  connect (): Promise<void> {
    const { state } = this.#connection
    if (state === 'idle' || state === 'closed') this.#begin().catch(uncaught)
    return this.#arrival.promise
  }

  /** Says goodbye where there is somebody to say it to. */
  close (reason: RealtimeError): Promise<void> {
    if (this.#connection.state === 'closed') return this.#leaving
    if (this.wire.ready) this.#leaving = new Promise(resolve => this.wire.disconnect(() => resolve()))
    else this.wire.stop()
    this.#end(reason)
    return this.#leaving
  }

  /** Tries at once where it waits, and makes sure of the connection where it has one. */
  hurry (): void {
    if (this.#connection.state === 'waiting') this.wire.hurry()
    else if (this.#connection.state === 'connected') this.ping().catch(() => this.wire.giveUp())
  }

  /** @returns how long the gateway took to answer, in ms */
  ping (): Promise<number> {
    return new Promise((resolve, reject) => {
      if (!this.wire.ready) throw new RealtimeError('lost', 'There is no connection')
      const sent = performance.now()
      // To unsubscribe from what is not subscribed is answered at once, and changes nothing.
      this.wire.unsubscribe({ channel: '/ping', id: 0 }, {}, reply => {
        if (reply.failure === undefined) resolve(performance.now() - sent)
        else reject(errorOf(reply))
      })
    })
  }

  async #begin (): Promise<void> {
    const { signal } = this.#attempt = new AbortController()
    if (this.#connection.state === 'closed') this.#arrival = new Arrival()
    this.#become({ state: 'connecting' })
    this.#watch(signal)
    await this.#leaving
    if (this.authentication.asks && !signal.aborted) await this.#probe(signal)
    if (!signal.aborted) this.wire.handshake({})
  }

  async #probe (signal: AbortSignal): Promise<void> {
    try {
      await this.authentication.probe(signal)
      this.#events.onAuthorized()
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof RealtimeError)) return this.#end(new RealtimeError(401, 'No credentials', { cause: error }))
      if (error.code === 401) return this.#end(error)
      // Others may be for GET only, or for now: the handshake will see.
      this.#events.onError(error)
    }
  }

  // A network that came or went, or a page that the browser had put aside, is a reason to look, and to wait no longer.
  #watch (signal: AbortSignal): void {
    const hurry = () => this.hurry()
    for (const name of ['online', 'offline', 'pageshow']) {
      host.addEventListener?.(name, hurry)
      signal.addEventListener('abort', () => host.removeEventListener?.(name, hurry))
    }
  }

  #onHandshake (message: WireMessage): void {
    if (message.successful !== true || this.#connection.state === 'closed') return
    this.#events.onSession(message)
    if (message.advice?.reconnect === 'none') this.#stopAsAdvised()
  }

  #onConnect ({ successful, advice }: WireMessage): void {
    if (successful !== true || this.#connection.state === 'closed') return
    if (advice?.reconnect === 'none') return this.#stopAsAdvised()
    const transport = this.wire.getTransport()?.type as TransportName
    if (this.#connection.state !== 'connected' || this.#connection.transport !== transport) {
      this.#become({ state: 'connected', transport })
      this.#events.onConnected()
      this.#arrival.resolve()
    }
    this.#climb(transport)
  }

  #climb (transport: TransportName): void {
    if (transport === 'websocket') {
      // Its upgrade can have brought nothing but a cookie.
      this.authentication.trusted = true
      this.#ascent?.stop(true)
    } else if (this.#ascent?.possible === true && this.#events.mayClimb()) {
      this.#ascent.stop(false)
      this.wire.climb()
    } else this.#ascent?.begin()
  }

  #stopAsAdvised (): void {
    this.#end(new RealtimeError('closed', 'The gateway advises to stop'))
  }

  #end (reason: RealtimeError): void {
    if (this.#connection.state === 'closed') return
    this.#attempt.abort()
    this.#ascent?.stop(true)
    this.#become({ state: 'closed', reason })
    this.#arrival.reject(reason)
    this.#events.onClosed(reason)
  }

  #become (connection: Connection): void {
    const { state } = this.#connection
    if (state === 'connecting' && connection.state === 'connecting') return
    // Who waits for it from now on waits for the next time.
    if (state === 'connected' && (connection.state === 'connecting' || connection.state === 'waiting')) this.#arrival = new Arrival()
    this.#connection = connection
    this.#events.onConnection(connection)
  }
}
