import { clientFrame } from '../load/frames.js'
import { HttpConnection, request } from '../load/http.js'
import { LoadSocket } from '../load/socket.js'
import type { Receiver } from '../marks.js'
import type { HttpPublisher, PollClient, SocketClient } from './client.js'

const HANDSHAKE = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket', 'long-polling'], id: 'h' }

interface Answer { channel: string, successful?: boolean, clientId?: string, id?: string, error?: string }

/** A client of Bayeux on a WebSocket, as CometD's and Faye's speak. */
export class BayeuxSocket implements SocketClient {
  readonly #socket: LoadSocket
  #clientId = ''

  private constructor (socket: LoadSocket) {
    this.#socket = socket
  }

  static at (path: string): (port: number) => Promise<BayeuxSocket> {
    return async port => {
      const client = new BayeuxSocket(await LoadSocket.open(port, path))
      client.#clientId = (await client.#ask(HANDSHAKE)).clientId as string
      client.#socket.onText = text => client.#beat(text)
      client.#connect()
      return client
    }
  }

  /** Goes on with the session of one that polled, on a WebSocket at another node. */
  static async takeOver ({ session: { clientId, headers } }: BayeuxPoller, port: number, path: string): Promise<BayeuxSocket> {
    const client = new BayeuxSocket(await LoadSocket.open(port, path, headers))
    client.#clientId = clientId
    client.#socket.onText = text => client.#beat(text)
    client.#connect()
    // What is answered after its connect finds it there.
    await client.subscribe(['/bench/arrived'])
    return client
  }

  // A connect that was answered is followed by the next one.
  #beat (text: string): boolean {
    if (!text.includes('"/meta/connect"')) return false
    this.#connect()
    return true
  }

  #connect (): void {
    this.#socket.say(JSON.stringify([{ channel: '/meta/connect', clientId: this.#clientId, connectionType: 'websocket', id: 'c' }]))
  }

  async #ask (message: { channel: string, id: string }): Promise<Answer> {
    this.#socket.say(JSON.stringify([message]))
    const text = await this.#socket.text(text => text.includes(`"${message.channel}"`))
    const answer = ([JSON.parse(text)].flat() as Answer[]).find(each => each.id === message.id) as Answer
    if (answer.successful !== true) throw new Error(`refused: ${text}`)
    return answer
  }

  async subscribe (channels: readonly string[]): Promise<void> {
    for (let from = 0; from < channels.length; from += 100) {
      const subscription = channels.slice(from, from + 100)
      await this.#ask({ channel: '/meta/subscribe', clientId: this.#clientId, subscription: subscription.length === 1 ? subscription[0] : subscription, id: `s${from}` } as never)
    }
  }

  publishing (channel: string, data: unknown, id: string): Buffer {
    return clientFrame(JSON.stringify([{ channel, clientId: this.#clientId, data, id }]))
  }

  write (frames: Buffer): void {
    this.#socket.write(frames)
  }

  count (receiver: Receiver): void {
    this.#socket.count(receiver)
  }

  close (): void {
    this.#socket.close()
  }
}

/** A client of Bayeux that polls: its connection is kept alive, and one connect is always under way; another connection is for what it publishes. */
export class BayeuxPoller implements PollClient, HttpPublisher {
  #polls: HttpConnection
  readonly #path: string
  #says: HttpConnection | null = null
  #headers: string[] = []
  #clientId = ''
  #poll: Buffer = Buffer.alloc(0)
  #closed = false

  private constructor (polls: HttpConnection, path: string) {
    this.#polls = polls
    this.#path = path
  }

  static at (path: string): (port: number) => Promise<BayeuxPoller> {
    return async port => {
      const client = new BayeuxPoller(await HttpConnection.open(port), path)
      const { head, body } = await client.#post([HANDSHAKE])
      const cookies = [...head.matchAll(/^set-cookie: *([^;\r]*)/gim)].map(([, cookie]) => cookie)
      if (cookies.length > 0) client.#headers = [`Cookie: ${cookies.join('; ')}`]
      client.#clientId = ((JSON.parse(body) as Answer[])[0] as Answer).clientId as string
      if (client.#clientId === undefined) throw new Error(`refused: ${body}`)
      // The first connect is answered at once by some, and held by others: it says that it will not wait.
      await client.#post([{ channel: '/meta/connect', clientId: client.#clientId, connectionType: 'long-polling', id: 'c', advice: { timeout: 0 } }])
      client.#poll = request('POST', path, JSON.stringify([{ channel: '/meta/connect', clientId: client.#clientId, connectionType: 'long-polling', id: 'c' }]), client.#headers)
      return client
    }
  }

  /** One that publishes: its session is held by a poll meanwhile. */
  static publishingAt (path: string): (port: number) => Promise<BayeuxPoller> {
    return async port => {
      const client = await BayeuxPoller.at(path)(port)
      client.#says = await HttpConnection.open(port)
      client.poll()
      return client
    }
  }

  /** What another node knows it by. */
  get session (): { clientId: string, headers: readonly string[] } {
    return { clientId: this.#clientId, headers: this.#headers }
  }

  /** Polls at another node from here on. */
  async moveTo (port: number): Promise<void> {
    this.#polls.close()
    this.#polls = await HttpConnection.open(port)
  }

  #post (messages: readonly object[]): Promise<{ head: string, body: string }> {
    return this.#polls.request(request('POST', this.#path, JSON.stringify(messages), this.#headers))
  }

  async subscribe (channels: readonly string[]): Promise<void> {
    const { body } = await this.#post([{ channel: '/meta/subscribe', clientId: this.#clientId, subscription: channels.length === 1 ? channels[0] : channels, id: 's' }])
    if (!body.includes('"successful":true')) throw new Error(`refused: ${body}`)
  }

  count (receiver: Receiver): void {
    const connection = this.#says ?? this.#polls
    connection.onChunk = chunk => receiver.see(chunk)
  }

  /** Polls from here on. */
  poll (): void {
    if (!this.#closed) this.#polls.send(this.#poll, () => this.poll())
  }

  publishing (channel: string, data: unknown, ids: readonly string[]): Buffer {
    const messages = ids.map(id => ({ channel, clientId: this.#clientId, data, id }))
    return request('POST', this.#path, JSON.stringify(messages), this.#headers)
  }

  send (request: Buffer, done: () => void): void {
    (this.#says ?? this.#polls).send(request, done)
  }

  close (): void {
    this.#closed = true
    this.#polls.close()
    this.#says?.close()
  }
}
