/** A WebSocket that speaks Bayeux by hand, message by message. */
import { once } from 'node:events'
import WebSocket from 'ws'
import { within } from './until.js'

// What comes over the wire is open; tests look into it freely.
export type Message = any

type Test = { after: (fn: () => unknown) => unknown }

export class SocketClient {
  readonly ws: WebSocket
  /** Frames as they came. */
  readonly frames: string[] = []
  /** Messages that nobody took yet. */
  readonly messages: Message[] = []
  closed: { code: number, reason: string } | null = null
  cookie: string | null = null
  #waiters: (() => void)[] = []

  private constructor (url: string, options: WebSocket.ClientOptions) {
    this.ws = new WebSocket(url, options)
    this.ws.on('upgrade', response => {
      this.cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? null
    })
    this.ws.on('message', data => {
      const text = String(data)
      this.frames.push(text)
      const value = JSON.parse(text)
      this.messages.push(...(Array.isArray(value) ? value : [value]))
      this.#wake()
    })
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) }
      this.#wake()
    })
    this.ws.on('error', () => {})
  }

  static async open (t: Test, url: string, options: WebSocket.ClientOptions = {}): Promise<SocketClient> {
    const client = new SocketClient(url, options)
    t.after(() => client.ws.terminate())
    await within(once(client.ws, 'open'), 'open')
    return client
  }

  /** Opens a socket, shakes hands and connects. */
  static async connect (t: Test, url: string, options: WebSocket.ClientOptions = {}): Promise<SocketClient & { clientId: string }> {
    const client = await SocketClient.open(t, url, options)
    client.send([{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] }])
    const { clientId } = await client.next('/meta/handshake')
    client.send([{ channel: '/meta/connect', clientId, connectionType: 'websocket', advice: { timeout: 0 } }])
    await client.next('/meta/connect')
    return Object.assign(client, { clientId })
  }

  send (value: unknown): void {
    this.ws.send(typeof value === 'string' ? value : JSON.stringify(value))
  }

  /** Takes the first message on a channel, or that a predicate likes; those before it stay. */
  async next (wanted: string | ((message: Message) => boolean)): Promise<Message> {
    const fits = typeof wanted === 'string' ? (message: Message) => message.channel === wanted : wanted
    const found = async () => {
      for (;;) {
        const index = this.messages.findIndex(fits)
        if (index !== -1) return this.messages.splice(index, 1)[0]
        if (this.closed !== null) throw new Error(`closed with ${this.closed.code} ${this.closed.reason} before ${wanted}`)
        await new Promise<void>(resolve => this.#waiters.push(resolve))
      }
    }
    return within(found(), `message ${wanted}`)
  }

  /** Sends one message in an array, with an id, and waits for the reply with that id. */
  async ask (message: Record<string, unknown>): Promise<Message> {
    const id = String(Math.random())
    this.send([{ id, ...message }])
    return this.next(reply => reply.id === id && reply.successful !== undefined)
  }

  async waitClosed (): Promise<{ code: number, reason: string }> {
    if (this.closed === null) await within(once(this.ws, 'close'), 'close')
    return this.closed as { code: number, reason: string }
  }

  #wake (): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }
}
