import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Caller } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { WebSocketConnection } from './websocket.js'

/** All WebSockets of this gateway: one sweep looks for silent ones, and closing ends them all. */
export class WebSockets {
  readonly #broker: Broker
  readonly #connections = new Set<WebSocketConnection>()
  // ws closes by itself, with the code that fits.
  readonly #failed = (error: Error): void => this.#broker.log.debug({ err: error }, 'a WebSocket failed')
  #sweep: NodeJS.Timeout | null = null

  constructor (broker: Broker) {
    this.#broker = broker
  }

  /** Takes a socket that was just upgraded; its listeners must be attached at once. */
  accept (ws: WebSocket, socket: Socket | undefined, caller: Caller): void {
    // The listener that is there would keep the request of the upgrade and its reply for as long as the socket lives.
    ws.removeAllListeners('error').on('error', this.#failed)
    const connection = new WebSocketConnection(this.#broker, ws, socket, caller)
    this.#connections.add(connection)
    ws.once('close', () => this.#connections.delete(connection))
    this.#sweep ??= this.#watch()
    if (this.#broker.closing) connection.close('shutdown')
  }

  get size (): number {
    return this.#connections.size
  }

  #watch (): NodeJS.Timeout {
    const { websocketSilence, websocketPong, handshakeWithoutConnect } = this.#broker.limits
    return setInterval(() => {
      const now = performance.now()
      for (const connection of this.#connections) connection.watch(now)
    }, Math.max(50, Math.min(websocketSilence, websocketPong, handshakeWithoutConnect, 10_000) / 4)).unref()
  }

  /** Closes every socket with 1001; what is still open after `ms` is cut. */
  async close (ms: number): Promise<void> {
    if (this.#sweep !== null) clearInterval(this.#sweep)
    const connections = [...this.#connections]
    for (const connection of connections) connection.close('shutdown')
    const timeout = setTimeout(() => {
      for (const connection of connections) connection.terminate()
    }, ms)
    await Promise.all(connections.map(connection => connection.closed()))
    clearTimeout(timeout)
  }
}
