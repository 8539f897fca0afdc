/** Listening where it was asked, or nearby: a demo should start even where its port is taken. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/**
 * @param port the port to try first
 * @param listen listens on a port, 0 for any free one, and says which it became
 * @param moved told of the other port, where it was taken
 * @returns the port that it became
 */
export async function listenOrMove (port: number, listen: (port: number) => Promise<number>, moved: (actual: number) => void): Promise<number> {
  try {
    return await listen(port)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const actual = await listen(0)
    moved(actual)
    return actual
  }
}

/**
 * Listens and lets go again, for others who will listen there.
 * @param port 0 for any free one
 * @returns the port that it became
 */
export async function freePort (host: string, port: number): Promise<number> {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  const { port: actual } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return actual
}
