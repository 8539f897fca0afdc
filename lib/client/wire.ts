/** CometD's client as ours: which transport it takes when one fails, how long it waits, and when it stops. */
import { readChallenges } from './authentication/challenge.js'
import type { Authentication } from './authentication/authentication.js'
import type { BackOff } from './back-off.js'
import { CometD, type FailurePlan, type WireMessage, type WireTransport } from './cometd.js'
import { errorOf, RealtimeError } from './error.js'
import { uncaught } from './emitter.js'
import { provideWindow } from './host.js'
import type { Timers } from './timers.js'
import type { Polling } from './transports/polling.js'
import type { WebSocketOf } from './transports/websocket.js'

/** A way to the gateway. */
export type TransportName = 'websocket' | 'long-polling'

export interface WireParts {
  readonly url: string
  /** In the order of preference. */
  readonly transports: { readonly websocket?: WebSocketOf, readonly 'long-polling'?: Polling }
  readonly authentication: Authentication
  readonly backOff: BackOff
  readonly timers: Timers
  /** In ms: how long an answer may take, apart from what a connect is held; how long a WebSocket may take to open. */
  readonly maxNetworkDelay: number
  readonly connectTimeout: number
  /** In characters of JSON. */
  readonly maxMessage: number
  /** Told when the next attempt is: ms since 1970, and what failed. */
  readonly onWaiting: (until: number, reason: RealtimeError) => void
  /** Told when an attempt begins. */
  readonly onAttempt: () => void
  /** Told when there will be no further attempt. */
  readonly onStopped: (reason: RealtimeError) => void
}

/** In ms. */
const SOON = 1000

export class Wire extends CometD {
  readonly #parts: WireParts
  /** The transport in use, where it is another than the one CometD negotiated. */
  #moved: WireTransport | null = null
  #lastConnect = ''
  /** Attempts that failed since the last connect that did not. */
  #failures = 0
  #usable = false
  #next: { handle: unknown, run: () => void } | null = null
  #waitingFor: RealtimeError | null = null

  constructor (parts: WireParts) {
    provideWindow()
    super()
    this.#parts = parts
    this.onListenerException = this.onCallbackException = uncaught
    this.unregisterTransports()
    for (const [name, transport] of Object.entries(parts.transports)) this.registerTransport(name, transport)
    this.configure({
      url: parts.url,
      useWorkerScheduler: false,
      stickyReconnect: false,
      connectTimeout: parts.connectTimeout,
      maxNetworkDelay: parts.maxNetworkDelay,
      maxSendBayeuxMessageSize: parts.maxMessage
    })
    this.registerExtension('transport', { outgoing: message => this.#announce(message), incoming: message => this.#heed(message) })
    this.addListener('/meta/handshake', ({ successful }) => { this.#usable = successful === true })
    this.addListener('/meta/connect', ({ successful }) => {
      if (successful === true) this.#settle()
    })
  }

  /** Whether there is a session, and its last word was not that the connection broke. */
  get ready (): boolean {
    return this.#usable && this.getClientId() !== null && !this.isDisconnected()
  }

  /** Calls in a moment, unless the connection is lost by then: who has work left is called when it is back anyway. */
  soon (call: () => void): void {
    this.setTimeout(() => {
      if (this.ready) call()
    }, SOON)
  }

  /** Does now what it waits for. */
  hurry (): void {
    const next = this.#next
    if (next === null) return
    this.clearTimeout(next.handle)
    next.run()
  }

  /** Lets go of a poll that nobody will answer. A WebSocket that gave no answer has been let go already. */
  giveUp (): void {
    this.#parts.transports['long-polling']?.giveUp()
  }

  /** Ends at once, without a word to the gateway. */
  stop (): void {
    // What CometD does where its goodbye is not answered.
    if (!this.isDisconnected()) this.receive({ channel: '/meta/disconnect', successful: false, failure: { reason: 'stopped' } })
  }

  /** Goes on over a WebSocket, in the same session. To be called between two polls. */
  climb (): void {
    this.#moved = this.#parts.transports.websocket ?? null
  }

  override getTransport (): WireTransport | null {
    const negotiated = super.getTransport()
    return negotiated === null ? null : this.#moved ?? negotiated
  }

  override setTimeout (run: () => void, delay: number): unknown {
    const reason = this.#waitingFor
    if (reason === null) return this.#parts.timers.set(run, delay)
    this.#waitingFor = null
    const attempt = () => {
      this.#next = null
      this.#parts.onAttempt()
      run()
    }
    const handle = this.#parts.timers.set(attempt, delay)
    this.#next = { handle, run: attempt }
    if (delay > 0) this.#parts.onWaiting(Date.now() + delay, reason)
    return handle
  }

  override clearTimeout (handle: unknown): void {
    if (this.#next?.handle === handle) this.#next = null
    this.#parts.timers.clear(handle as number)
  }

  override getBackoffPeriod (): number {
    return this.#parts.backOff.current
  }

  override increaseBackoffPeriod (): number {
    return this.#parts.backOff.next()
  }

  // CometD does so when it shakes hands; where a session is refused as often as it is made, that would be a loop.
  override resetBackoffPeriod (): void {}

  override _warn (): void {}
  override _info (): void {}
  override _debug (): void {}

  override onTransportFailure (message: WireMessage, plan: FailurePlan, follow: (plan: FailurePlan) => void): void {
    const shaking = message.channel === '/meta/handshake'
    const { websocket } = this.#parts.transports
    // Whichever failed, the next session is tried over the other.
    if (shaking && message.failure !== undefined && websocket !== undefined) websocket.avoided = !websocket.avoided && this.#other() !== null
    super.onTransportFailure(message, plan, plan => {
      if (!shaking && plan.action === 'retry' && message.failure !== undefined) this.#changeTransport(plan)
      if (!shaking && plan.action === 'handshake') plan.delay = this.#failures > 0 ? this.#parts.backOff.next() : 0
      this.#failures++
      this.#usable = false
      this.#moved = null
      if (this.#mayAsk(message, plan)) return this.#ask(message, plan, follow)
      this.#follow(message, plan, follow)
    })
  }

  #follow (message: WireMessage, plan: FailurePlan, follow: (plan: FailurePlan) => void): void {
    const reason = errorOf(message)
    if (plan.action !== 'none') this.#waitingFor = reason
    follow(plan)
    this.#waitingFor = null
    if (plan.action === 'none') this.#parts.onStopped(reason)
  }

  // A lost connection is opened again as it was; where that fails, over the other transport, by turns.
  #changeTransport (plan: FailurePlan): void {
    const now = this.getTransport()
    plan.transport = this.#failures > 0 ? this.#other() ?? now : now
  }

  #other (): WireTransport | null {
    const { websocket, 'long-polling': polling } = this.#parts.transports
    return (this.getTransport()?.type === 'websocket' ? polling : websocket) ?? null
  }

  #mayAsk ({ channel, error, failure }: WireMessage, plan: FailurePlan): boolean {
    if (!this.#parts.authentication.asks || this.isDisconnected()) return false
    return failure?.httpCode === 401 || (channel === '/meta/handshake' && plan.action === 'none' && error?.startsWith('401:') === true)
  }

  #ask (message: WireMessage, plan: FailurePlan, follow: (plan: FailurePlan) => void): void {
    const { authentication } = this.#parts
    const asked = authentication.ask(readChallenges(message.failure?.transport?.challenge ?? ''))
      .then(async granted => {
        // For the cookie that may come with it; whether it is enough will be seen.
        if (granted) await authentication.probe(new AbortController().signal).catch(() => {})
        return granted
      })
    const goOn = (granted: boolean, reason: WireMessage) => {
      if (this.isDisconnected()) return
      const shaking = message.channel === '/meta/handshake'
      this.#follow(reason, granted ? { ...plan, action: shaking ? 'handshake' : 'retry', delay: 0 } : { ...plan, action: 'none' }, follow)
    }
    asked.then(granted => goOn(granted, message), error => goOn(false, { ...message, failure: { exception: error } }))
  }

  #settle (): void {
    this.#usable = true
    this.#failures = 0
    this.#parts.backOff.reset()
    const { websocket } = this.#parts.transports
    if (websocket !== undefined && this.getTransport() === websocket) websocket.avoided = false
  }

  // Between two connects of ours the gateway says unasked that it wants no more of them, which CometD overlooks.
  #heed (message: WireMessage): WireMessage | null {
    const { channel, id, successful, advice } = message
    if (channel !== '/meta/connect' || id !== undefined || successful !== false || advice?.reconnect !== 'none') return message
    this.stop()
    this.#parts.onStopped(errorOf(message))
    return null
  }

  // The first connect over a transport is answered at once: only then is it known to work.
  #announce (message: { channel: string, connectionType?: string, advice?: object, ext?: object }): void {
    const { ext } = this.#parts.authentication.credentials ?? {}
    if (message.channel !== '/meta/handshake' && message.channel !== '/meta/connect') return
    if (ext !== undefined) message.ext = { ...message.ext, ...ext }
    if (message.connectionType === undefined) return
    if (message.connectionType !== this.#lastConnect) message.advice = { timeout: 0 }
    this.#lastConnect = message.connectionType
  }
}
