import { clientFrame } from '../load/frames.js'
import { LoadSocket } from '../load/socket.js'
import type { Receiver } from '../marks.js'
import type { SocketClient } from './client.js'

/** A client of Nodefony's dialect: bare objects. */
export class NodefonySocket implements SocketClient {
  readonly #socket: LoadSocket
  #clientId = ''

  private constructor (socket: LoadSocket) {
    this.#socket = socket
  }

  static at (path: string): (port: number) => Promise<NodefonySocket> {
    return async port => {
      const client = new NodefonySocket(await LoadSocket.open(port, path))
      client.#clientId = (await client.#ask({ channel: '/meta/handshake', version: '1.0', minimumVersion: '1.0', supportedConnectionTypes: ['websocket'] })).clientId as string
      await client.#ask({ channel: '/meta/connect', clientId: client.#clientId, connectionType: 'websocket' })
      return client
    }
  }

  async #ask (message: { channel: string, [field: string]: unknown }): Promise<Record<string, unknown>> {
    this.#socket.say(JSON.stringify(message))
    const text = await this.#socket.text(text => text.includes(`"${message.channel}"`))
    const answer = JSON.parse(text) as Record<string, unknown>
    if (answer.successful !== true) throw new Error(`refused: ${text}`)
    return answer
  }

  async subscribe (channels: readonly string[]): Promise<void> {
    for (const subscription of channels) await this.#ask({ channel: '/meta/subscribe', clientId: this.#clientId, subscription, data: null })
  }

  publishing (channel: string, data: unknown, id: string): Buffer {
    return clientFrame(JSON.stringify({ channel, clientId: this.#clientId, data, id }))
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
