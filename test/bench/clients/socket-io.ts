import { clientFrame } from '../load/frames.js'
import { HttpConnection, request } from '../load/http.js'
import { LoadSocket } from '../load/socket.js'
import type { Receiver } from '../marks.js'
import type { PollClient, SocketClient } from './client.js'

/** A client of Socket.IO 4 (Engine.IO 4) on a WebSocket. */
export class SocketIoSocket implements SocketClient {
  readonly #socket: LoadSocket

  private constructor (socket: LoadSocket) {
    this.#socket = socket
  }

  static async join (port: number): Promise<SocketIoSocket> {
    const socket = await LoadSocket.open(port, '/socket.io/?EIO=4&transport=websocket')
    socket.onText = text => {
      if (text === '2') socket.say('3')
      return text === '2'
    }
    socket.say('40')
    await socket.text(text => text.startsWith('40'))
    return new SocketIoSocket(socket)
  }

  async subscribe (channels: readonly string[]): Promise<void> {
    this.#socket.say(`421${JSON.stringify(['join', channels])}`)
    await this.#socket.text(text => text.startsWith('431'))
  }

  publishing (channel: string, data: unknown): Buffer {
    return clientFrame(`421${JSON.stringify(['publish', channel, data])}`)
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

/** A client of Socket.IO that polls. */
export class SocketIoPoller implements PollClient {
  readonly #polls: HttpConnection
  #path = '/socket.io/?EIO=4&transport=polling'
  #closed = false

  private constructor (polls: HttpConnection) {
    this.#polls = polls
  }

  static async join (port: number): Promise<SocketIoPoller> {
    const client = new SocketIoPoller(await HttpConnection.open(port))
    const { body } = await client.#polls.request(request('GET', client.#path))
    client.#path += `&sid=${(JSON.parse(body.slice(1)) as { sid: string }).sid}`
    await client.#say('40')
    return client
  }

  async #say (text: string): Promise<void> {
    await this.#polls.request(request('POST', this.#path, text, []))
    await this.#polls.request(request('GET', this.#path))
  }

  subscribe (channels: readonly string[]): Promise<void> {
    return this.#say(`421${JSON.stringify(['join', channels])}`)
  }

  count (receiver: Receiver): void {
    this.#polls.onChunk = chunk => receiver.see(chunk)
  }

  poll (): void {
    const get = request('GET', this.#path)
    const pong = request('POST', this.#path, '3')
    const poll = () => {
      if (!this.#closed) this.#polls.send(get, ({ body }) => body === '2' ? this.#polls.send(pong, poll) : poll())
    }
    poll()
  }

  close (): void {
    this.#closed = true
    this.#polls.close()
  }
}
