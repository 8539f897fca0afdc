/** A TCP service that does what a test tells it to. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket, type Server } from 'node:net'
import { until } from './until.js'

export interface TcpService {
  readonly server: Server
  readonly port: number
  /** Connections, oldest first. */
  readonly sockets: Socket[]
  /** What each connection wrote, as text. */
  readonly received: string[]
  /** Waits for the n-th connection (from 0). */
  socket (index: number): Promise<Socket>
}

type Test = { after: (fn: () => unknown) => unknown }

export async function startTcpService (t: Test, onConnection: (socket: Socket) => void = () => {}, at: number = 0): Promise<TcpService> {
  const sockets: Socket[] = []
  const received: string[] = []
  const server = createServer({ allowHalfOpen: true }, socket => {
    const index = sockets.push(socket) - 1
    received[index] = ''
    socket.on('error', () => {})
    socket.on('data', data => { received[index] += String(data) })
    onConnection(socket)
  }).listen(at, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const socket = async (index: number) => {
    await until(() => sockets[index] !== undefined, `connection ${index}`)
    return sockets[index] as Socket
  }
  return { server, port: (server.address() as AddressInfo).port, sockets, received, socket }
}
