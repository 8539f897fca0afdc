/** A TCP proxy whose cable can be pulled: what is open breaks, or falls silent, and nothing new gets through until it is mended. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface CutProxy {
  readonly port: number
  /** Breaks what is open. @param stays whether new connections break as well, until {@link mend} */
  cut (stays?: boolean): void
  /** From now on nothing passes, and nothing breaks; what was said meanwhile passes when it is mended. */
  stall (): void
  mend (): void
}

type Test = { after: (fn: () => unknown) => unknown }

/** Starts a proxy to a port of this machine; it ends with the test. */
export async function startCutProxy (t: Test, target: number): Promise<CutProxy> {
  const open = new Set<Socket>()
  let broken = false
  let stalled = false
  const server = createServer({ noDelay: true }, client => {
    if (broken) return client.resetAndDestroy()
    const onward = connect({ port: target, host: '127.0.0.1', noDelay: true })
    for (const [from, to] of [[client, onward], [onward, client]] as const) {
      open.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.on('data', chunk => to.write(chunk))
      if (stalled) from.pause()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (stays: boolean = false) => {
    broken = stays
    for (const socket of open) socket.resetAndDestroy()
  }
  t.after(() => {
    broken = true
    for (const socket of open) socket.destroy()
    server.close()
  })
  const stall = () => {
    stalled = true
    for (const socket of open) socket.pause()
  }
  const mend = () => {
    broken = stalled = false
    for (const socket of open) socket.resume()
  }
  return { port: (server.address() as AddressInfo).port, cut, stall, mend }
}
