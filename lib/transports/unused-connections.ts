import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Connections on which no request ever came: browsers open them ahead of need, and Node's server waits
 * a minute for them when it closes. They are nobody's, so they can be cut.
 */
export class UnusedConnections {
  readonly #unused = new Set<Socket>()

  constructor (server: Server) {
    const use = ({ socket }: IncomingMessage) => this.#unused.delete(socket)
    // Behind TLS it is the inner socket that requests come on.
    server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#unused.add(socket)
      socket.once('close', () => this.#unused.delete(socket))
    })
    server.on('request', use)
    server.on('upgrade', use)
  }

  close (): void {
    for (const socket of this.#unused) socket.destroy()
  }
}
