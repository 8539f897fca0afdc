import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/** @returns a port of this machine that nobody uses now */
export async function freePort (kind: 'tcp' | 'udp' = 'tcp'): Promise<number> {
  const socket = kind === 'udp' ? createSocket('udp4').bind(0, '127.0.0.1') : createServer().listen(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address() as AddressInfo
  const closed = once(socket, 'close')
  socket.close()
  await closed
  return port
}
