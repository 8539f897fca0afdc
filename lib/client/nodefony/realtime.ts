import type { ClientOptions } from '../options.js'
import { RealtimeClient } from '../client.js'
import type { Connection } from '../connection.js'
import { Emitter } from '../emitter.js'
import { RealtimeError } from '../error.js'
import type { Service } from '../service.js'
import { Authenticate } from './authenticate.js'
import { eventOf, type ListenerName, type Listeners, type Message } from './listeners.js'

/** The listeners, and options of the client. */
export type RealtimeSettings = Partial<Listeners> & { onUnSubscribe?: Listeners['onUnsubscribe'] } & ClientOptions

type Events = { [Name in keyof Listeners]: Parameters<Listeners[Name]> }

const PREFIX = '/service/'
const CLOSED: Message = { channel: '/meta/disconnect', successful: true }

/** The client of Nodefony's Realtime Bundle by its own names, over a RealtimeClient. */
export class Realtime {
  /** The client underneath. */
  readonly client: RealtimeClient
  /** The directory of services by name; null before the first connect. */
  services: Readonly<Record<string, unknown>> | null = null
  /** The services that are subscribed, with the reply that said so. */
  readonly subscribedService: Record<string, Message> = {}
  /** The address that the gateway sees us come from. */
  publicAddress: string | null = null
  /** The gateway's address in parts: `hostname`, `port`, `protocol` … */
  domain: Readonly<Record<string, unknown>> | null = null
  readonly #emitter = new Emitter<Events>()
  readonly #listening: { name: keyof Events, callback: unknown, stop: () => void }[] = []
  readonly #conversations = new Map<string, Service>()
  /** Those that a new session took over: a page that subscribes in `onConnect` subscribes to them once more. */
  readonly #carried = new Set<string>()
  #authenticate: Authenticate | null = null
  #connected = false
  #stopped = false
  #lastId = ''

  constructor (url: string, settings: RealtimeSettings = {}) {
    for (const [name, listener] of Object.entries(settings)) {
      if (/^on[A-Z]/.test(name) && typeof listener === 'function') this.listen(this, name as ListenerName, listener as never)
    }
    this.client = new RealtimeClient(url, {
      ...settings,
      authenticate: challenges => {
        const known = this.#authenticate
        const authenticate = this.#authenticate ??= new Authenticate()
        const asked = authenticate.ask(challenges)
        if (known === null) this.#emitter.emit('onUnauthorized', authenticate, this)
        else this.#fail(401, 'Unauthorized')
        return asked
      },
      extensions: [...settings.extensions ?? [], { name: 'nodefony', incoming: message => this.#see(message), outgoing: message => this.#mark(message) }]
    })
    this.client.on('authorized', () => this.#emitter.emit('onAuthorized', this.#authenticate, this))
    this.client.on('connection', connection => this.#onConnection(connection))
    this.client.on('error', error => this.#report(error))
  }

  /** Listens, in the words of Nodefony: `listen(this, 'onMessage', callback)`. The context becomes `this` of the callback. */
  listen<Name extends ListenerName> (context: unknown, name: Name, callback: Listeners[Name extends keyof Listeners ? Name : 'onUnsubscribe']): this {
    const event = eventOf(name)
    const stop = this.#emitter.on(event, (...details) => (callback as (...details: unknown[]) => void).apply(context, details))
    this.#listening.push({ name: event, callback, stop })
    return this
  }

  /** Stops listening. */
  unListen (name: ListenerName, callback: unknown): void {
    const at = this.#listening.findIndex(each => each.name === eventOf(name) && each.callback === callback)
    this.#listening.splice(at, at === -1 ? 0 : 1)[0]?.stop()
  }

  /** Connects. @returns false, and fires `onError`, where it has been started already */
  start (): boolean {
    if (this.#started) return this.#fail(500, 'connection already started')
    this.#authenticate = null
    this.#stopped = false
    // Why it ended is told by onError and onDisconnect.
    this.client.connect().catch(() => {})
    return true
  }

  /** Disconnects. @throws Error where it was not started */
  stop (): void {
    if (!this.#started) throw new Error('connection already stopped')
    // Resolves when the gateway has said goodbye, or cannot.
    this.client.close().then(() => this.#emitter.emit('onDisconnect', CLOSED, this), () => {})
    this.#stopped = true
  }

  /**
   * Subscribes to a service, at once or when there is a connection.
   * @param data the first thing that the gateway writes to it
   * @returns false, and fires `onError`, where that cannot be
   */
  subscribe (name: string, data?: unknown): boolean {
    if (!this.#started) return this.#fail(500, 'Not connected')
    if (this.#carried.delete(name)) return true
    if (this.#conversations.has(name)) return this.#fail(500, 'already subscribed')
    const conversation = this.client.service(name, { data })
    this.#conversations.set(name, conversation)
    conversation.on('data', message => this.#emitter.emit('onMessage', name, message))
    conversation.on('state', (state, _reason, error) => {
      if (state !== 'ended') return
      this.#conversations.delete(name)
      this.#carried.delete(name)
      if (error !== null) this.#report(error)
    })
    return true
  }

  /** Unsubscribes. @param data the last thing written to the service */
  unSubscribe (name: string, data?: unknown): boolean {
    const conversation = this.#conversations.get(name)
    if (conversation === undefined) return this.#fail(this.#started ? 404 : 500, this.#started ? `service : ${name} not subscribed` : 'Not connected')
    conversation.end(data)
    return true
  }

  /** Sends something to a service. @returns the id of the message, or false where the service is not subscribed */
  sendMessage (name: string, data: unknown): string | false {
    const conversation = this.#conversations.get(name)
    if (conversation?.state !== 'connected') return this.#fail(500, this.#connected ? `service : ${name} not subscribed` : 'Not connected')
    conversation.send(data).catch(error => this.#report(error))
    return this.#lastId
  }

  get #started (): boolean {
    const { state } = this.client.connection
    return state !== 'idle' && state !== 'closed'
  }

  #onConnection (connection: Connection): void {
    if (connection.state === 'connected') {
      if (this.#connected) return
      this.#connected = true
      const { clientId, url } = this.client
      this.#emitter.emit('onHandshake', { url, transport: connection.transport })
      this.#emitter.emit('onConnect', { channel: '/meta/connect', successful: true, ...(clientId !== null && { clientId }), data: this.services }, this)
      return
    }
    if (this.#connected) this.#emitter.emit('onClose', CLOSED)
    this.#connected = false
    if (connection.state === 'waiting') this.#report(connection.reason)
    if (connection.state !== 'closed') return
    for (const name of Object.keys(this.subscribedService)) delete this.subscribedService[name]
    if (connection.reason.code !== 'closed') this.#report(connection.reason)
    // What became of stop() is told when it is done.
    queueMicrotask(() => this.#stopped || this.#emitter.emit('onDisconnect', CLOSED, this))
  }

  #see (message: Message): void {
    const { channel, successful, subscription = channel, ext } = message
    if (channel === '/meta/handshake' && successful === true) return this.#onHandshake(ext ?? {})
    const service = subscription.startsWith(PREFIX) ? subscription.slice(PREFIX.length) : undefined
    if (service === undefined) return
    if (channel === '/meta/subscribe' && successful === true) {
      this.subscribedService[service] = message
      // The conversation learns of it next, and then what fires here can already send.
      queueMicrotask(() => this.#emitter.emit('onSubscribe', service, message, this))
    } else if (channel === '/meta/unsubscribe' && service in this.subscribedService) {
      delete this.subscribedService[service]
      this.#emitter.emit('onUnsubscribe', service, message, this)
    }
  }

  #onHandshake (ext: Readonly<Record<string, unknown>>): void {
    this.services = (ext.services ?? {}) as Record<string, unknown>
    if (typeof ext.address === 'string') {
      const { remoteAddress, host } = JSON.parse(ext.address)
      this.publicAddress = remoteAddress
      this.domain = host
    }
    for (const name of Object.keys(this.subscribedService)) {
      delete this.subscribedService[name]
      this.#carried.add(name)
    }
  }

  #mark (message: { channel: string, id?: string, ext?: object }): void {
    if (message.channel === '/meta/handshake') message.ext = { ...message.ext, address: true }
    else this.#lastId = message.id ?? ''
  }

  #report (error: unknown): void {
    const { code, message } = error as RealtimeError
    this.#fail(typeof code === 'number' ? code : 500, message)
  }

  #fail (status: number, message: string): false {
    this.#emitter.emit('onError', this, status, message)
    return false
  }
}
