/**
 * The one connection of the page: CometD's client as it comes, and what the rest of the page wants to
 * know of it in four words: connecting, connected, lost, closed.
 */
import { CometD } from '/demo/cometd/cometd.js'

export class Connection {
  state = 'connecting'
  #cometd = new CometD()
  #listeners
  #leaving = false
  #lostAt = 0

  /**
   * @param listeners `onState(connection)`, `onSession(services)`: a new session and what it may open,
   *   `onEnded(message)`: the server's word that a service ended, `note(kind, text)`: something for the log
   */
  constructor (listeners) {
    this.#listeners = listeners
    const cometd = this.#cometd
    cometd.configure({ url: `${window.location.origin}/realtime`, connectTimeout: 5000, maxBackoff: 5000, logLevel: 'warn' })
    cometd.onTransportException = (_failure, before, next) => {
      if (next !== null && next !== before) listeners.note('transport', `${before} refused, trying ${next}`)
    }
    cometd.addListener('/meta/handshake', message => this.#onHandshake(message))
    cometd.addListener('/meta/connect', message => this.#onConnect(message))
    cometd.addListener('/meta/disconnect', () => this.#look())
    cometd.addListener('/meta/unsubscribe', message => {
      if (message.ext?.service !== undefined) listeners.onEnded(message)
    })
    cometd.addListener('/meta/publish', message => {
      if (!message.successful) listeners.note('error', `publish refused: ${reasonOf(message)}`)
    })
  }

  /** Name of the transport in use, or null. */
  get transport () {
    return this.#cometd.getTransport()?.type ?? null
  }

  get connected () {
    return this.state === 'connected'
  }

  /** Connects, from nothing. */
  open () {
    this.#become('connecting')
    this.#cometd.handshake()
  }

  /** Moves to another transport: ends the session and begins another one there. */
  use (transport) {
    this.#cometd.websocketEnabled = transport === 'websocket'
    this.#listeners.note('transport', `${transport} chosen`)
    // Who changes their mind twice is served by the session that is about to begin.
    if (this.#leaving) return
    if (this.#cometd.getStatus() === 'disconnected') return this.open()
    this.#leaving = true
    this.#become('connecting')
    // CometD is still busy with the old transport while it says that it has left.
    this.#cometd.disconnect(() => window.setTimeout(() => {
      this.#leaving = false
      this.open()
    }))
  }

  subscribe (channel, onMessage, props, onReply) {
    return this.#cometd.subscribe(channel, onMessage, props, onReply)
  }

  unsubscribe (subscription, onReply) {
    this.#cometd.unsubscribe(subscription, onReply)
  }

  /** Takes a subscription out of CometD's books without a word to the server, which has ended it already. */
  forget (subscription) {
    this.#cometd.removeListener(subscription)
  }

  publish (channel, data) {
    this.#cometd.publish(channel, data)
  }

  #onHandshake (message) {
    if (!message.successful) {
      this.#listeners.note('error', `handshake failed: ${reasonOf(message)}`)
      this.#lose()
      return this.#look()
    }
    // Where WebSocket was refused once, CometD would try it again after each loss, and lose time.
    this.#cometd.websocketEnabled = this.transport === 'websocket'
    this.#listeners.note('handshake', `session opened over ${this.transport}`)
    this.#become('connecting')
    this.#listeners.onSession(message.ext?.services ?? {})
  }

  #onConnect (message) {
    if (message.successful) {
      if (!this.connected && !this.#leaving) {
        this.#listeners.note('connect', `connected over ${this.transport}${this.#absence()}`)
        this.#become('connected')
      }
    } else if (!this.#leaving) {
      if (this.state !== 'lost') this.#listeners.note('error', `connection lost: ${reasonOf(message)}`)
      this.#lose()
    }
    this.#look()
  }

  #absence () {
    if (this.#lostAt === 0) return ''
    const seconds = ((Date.now() - this.#lostAt) / 1000).toFixed(1)
    this.#lostAt = 0
    return `, after ${seconds} s without`
  }

  #lose () {
    if (this.#lostAt === 0) this.#lostAt = Date.now()
    this.#become('lost')
  }

  // Advice of the server may have made CometD stop, which it does after its listeners were told.
  #look () {
    window.setTimeout(() => {
      if (this.#leaving || this.state === 'closed' || this.#cometd.getStatus() !== 'disconnected') return
      this.#listeners.note('error', 'the server ended the session')
      this.#become('closed')
    })
  }

  #become (state) {
    this.state = state
    this.#listeners.onState(this)
  }
}

/** Why a message failed, in a few words: the server's error text, or what became of the connection. */
export function reasonOf ({ error, failure }) {
  if (error) return error
  if (failure?.httpCode) return `HTTP ${failure.httpCode}`
  if (failure?.websocketCode === 1006 || failure?.reason === 'Error') return 'the WebSocket broke'
  if (failure?.websocketCode) return `the WebSocket closed, ${failure.websocketCode} ${failure.reason ?? ''}`.trim()
  return failure?.reason || 'no answer'
}
