import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { line } from '../payload.js'

const BLOCK = 64 * 1024

/** A service on TCP: it sends numbered lines to each connection when it is told to, or echoes. */
export class Source {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #onConnection: (() => void) | null = null

  private constructor (echo: boolean) {
    this.#server = createServer({ noDelay: true }, socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => {})
      if (echo) socket.pipe(socket)
      else socket.resume()
      this.#onConnection?.()
    })
  }

  static async open (echo: boolean): Promise<Source> {
    const source = new Source(echo)
    await new Promise<void>(resolve => source.#server.listen(0, '127.0.0.1', resolve))
    return source
  }

  get port (): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Resolves when so many are connected. */
  async connected (count: number): Promise<void> {
    while (this.#sockets.size < count) await new Promise<void>(resolve => { this.#onConnection = resolve })
  }

  /** Sends each connection the lines from one number up to another, as fast as it takes them. */
  send (from: number, to: number, bytes: number): void {
    const blocks = blocksOf(from, to, bytes)
    for (const socket of this.#sockets) pour(socket, blocks)
  }

  close (): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

// Made before they are sent, and shared by all connections.
function blocksOf (from: number, to: number, bytes: number): Buffer[] {
  const perBlock = Math.floor(BLOCK / bytes)
  const blocks = []
  for (let first = from; first < to; first += perBlock) {
    let text = ''
    for (let number = first; number < Math.min(to, first + perBlock); number++) text += line(number, bytes)
    blocks.push(Buffer.from(text))
  }
  return blocks
}

function pour (socket: Socket, blocks: readonly Buffer[]): void {
  let index = 0
  const more = () => {
    while (index < blocks.length) {
      if (!socket.write(blocks[index++] as Buffer)) {
        socket.once('drain', more)
        return
      }
    }
  }
  more()
}
