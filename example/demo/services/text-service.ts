/** A TCP server that speaks text, with an end that leaves nobody behind. */
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A service of the demo. */
export interface TextService {
  /** @returns the port that it became */
  listen (port: number, host: string): Promise<number>
  /** Cuts every conversation and stops listening. */
  close (): Promise<void>
}

/** @param converse begins a conversation with whoever connects */
export function textService (converse: (socket: Socket) => void): TextService {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    // A broken connection closes as any other does, and that is all there is to it.
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    converse(socket)
  })
  return {
    listen: (port, host) => new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        resolve((server.address() as AddressInfo).port)
      })
    }),
    close: () => new Promise(resolve => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  }
}

/**
 * Says one line, unless the other side reads too slowly or has left.
 * @returns whether it was said
 */
export function say (socket: Socket, line: string): boolean {
  if (!socket.writable || socket.writableNeedDrain) return false
  socket.write(`${line}\n`)
  return true
}
