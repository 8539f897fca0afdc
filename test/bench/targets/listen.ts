import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'

/** Listens on a free port of this machine. */
export async function listen (server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
