import { WebSocketTransport } from '../cometd.js'
import { host, type SocketClass } from '../host.js'

/** CometD's WebSocket, with a class of the application's choice. */
export class WebSocketOf extends WebSocketTransport {
  readonly #Socket: SocketClass
  /** Whether the other transport is to be chosen when a session begins. */
  avoided = false

  constructor (Socket: SocketClass) {
    super()
    this.#Socket = Socket
  }

  override accept (): boolean {
    return !this.avoided
  }

  override send (envelope: object, metaConnect: boolean): void {
    const { window } = host
    if (window === undefined || window.WebSocket === this.#Socket) return super.send(envelope, metaConnect)
    // It opens its sockets in here, with the class that it finds in the window.
    const own = window.WebSocket
    window.WebSocket = this.#Socket
    try {
      super.send(envelope, metaConnect)
    } finally {
      window.WebSocket = own
    }
  }
}
