import { clientFrame } from '../load/frames.js'
import { HttpConnection, request } from '../load/http.js'
import { LoadSocket } from '../load/socket.js'
import type { Receiver } from '../marks.js'
import type { HttpPublisher, PollClient, SocketClient } from './client.js'

// As many letters as a clientId of the gateway has, and the cookie that its clients bring: the same bytes are to be read.
const NOBODY = 'nobody'.padEnd(27, '0')
const COOKIE = [`Cookie: BAYEUX_BROWSER=${NOBODY}`]

/** A client of the raw loops: it says what it subscribes to, and publishes in the same words as Bayeux. */
export class RawSocket implements SocketClient {
  readonly #socket: LoadSocket

  private constructor (socket: LoadSocket) {
    this.#socket = socket
  }

  static async join (port: number): Promise<RawSocket> {
    return new RawSocket(await LoadSocket.open(port, '/'))
  }

  async subscribe (channels: readonly string[]): Promise<void> {
    this.#socket.say(JSON.stringify({ subscribe: channels }))
    await this.#socket.text(text => text === '"subscribed"')
  }

  publishing (channel: string, data: unknown, id: string): Buffer {
    return clientFrame(JSON.stringify([{ channel, clientId: NOBODY, data, id }]))
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

/** A client of a pipe without envelopes: bytes both ways. */
export class PipeSocket implements SocketClient {
  readonly #socket: LoadSocket

  private constructor (socket: LoadSocket) {
    this.#socket = socket
  }

  static async join (port: number): Promise<PipeSocket> {
    return new PipeSocket(await LoadSocket.open(port, '/'))
  }

  async subscribe (): Promise<void> {}

  publishing (_channel: string, data: unknown): Buffer {
    return clientFrame(Buffer.from(`${data}\n`))
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

/** A client of the bare HTTP routes: it says who it is, and waits; or publishes. */
export class RawPoller implements PollClient, HttpPublisher {
  static #born = 0
  readonly #polls: HttpConnection
  readonly #said = JSON.stringify([{ channel: '/meta/connect', clientId: `poller${String(RawPoller.#born++).padStart(21, '0')}`, connectionType: 'long-polling', id: 'c' }])
  readonly #poll = request('POST', '/poll', this.#said, COOKIE)
  #closed = false

  private constructor (polls: HttpConnection) {
    this.#polls = polls
  }

  static async join (port: number): Promise<RawPoller> {
    const client = new RawPoller(await HttpConnection.open(port))
    await client.#polls.request(request('POST', '/subscribe', client.#said))
    return client
  }

  async subscribe (): Promise<void> {}

  count (receiver: Receiver): void {
    this.#polls.onChunk = chunk => receiver.see(chunk)
  }

  poll (): void {
    if (!this.#closed) this.#polls.send(this.#poll, () => this.poll())
  }

  publishing (channel: string, data: unknown, ids: readonly string[]): Buffer {
    return request('POST', '/publish', JSON.stringify(ids.map(id => ({ channel, clientId: NOBODY, data, id }))), COOKIE)
  }

  send (request: Buffer, done: () => void): void {
    this.#polls.send(request, done)
  }

  close (): void {
    this.#closed = true
    this.#polls.close()
  }
}
