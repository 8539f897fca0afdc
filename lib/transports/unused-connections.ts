import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Connections on which no request ever came: browsers open them ahead of need, and Node's server waits
 * a minute for them when it closes. They are nobody's, so they can be cut.
 */
export class UnusedConnections {
  readonly #unused = new Set<Socket>()
  readonly #server: Server
  readonly #use = ({ socket }: IncomingMessage): void => { this.#unused.delete(socket) }

  constructor (server: Server) {
    this.#server = server
    // Behind TLS it is the inner socket that requests come on.
    server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#unused.add(socket)
      socket.once('close', () => this.#unused.delete(socket))
    })
    server.on('request', this.#use)
  }

  /**
   * To be called when everything is registered. Where nobody handles upgrades, Node answers them as plain requests,
   * but only as long as nobody listens: a listener that is the only one would leave them without any answer.
   */
  watchUpgrades (): void {
    if (this.#server.listenerCount('upgrade') > 0) this.#server.on('upgrade', this.#use)
  }

  /** To be called when closing begins, and whoever handles upgrades handles them no more: Node answers them again, and ends them. */
  ignoreUpgrades (): void {
    this.#server.off('upgrade', this.#use)
  }

  close (): void {
    for (const socket of this.#unused) socket.destroy()
  }
}
