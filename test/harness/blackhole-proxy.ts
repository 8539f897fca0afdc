/** A TCP proxy whose connections can fall silent without an end, as those of a phone that changed networks. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { until } from './until.js'

/** One connection through the proxy. */
export interface Passage {
  readonly client: Socket
  readonly server: Socket
  /** Whether nothing passes any more. */
  silent: boolean
  /** What the server sent since then, and nobody got. */
  swallowed: Buffer
}

export interface BlackholeProxy {
  readonly port: number
  /** Connections, oldest first. */
  readonly passages: Passage[]
  /**
   * From now on nothing passes either way on the connections that are open, and none of them ends;
   * what comes later passes as before.
   * @param clientNotices the client's own end breaks, as where its interface went away; the server's end stays as it is
   */
  swallow (clientNotices?: boolean): Passage[]
  /** Waits for the n-th connection (from 0). */
  passage (index: number): Promise<Passage>
}

type Test = { after: (fn: () => unknown) => unknown }

/** Starts a proxy to a port of this machine; it ends with the test. */
export async function startBlackholeProxy (t: Test, target: number): Promise<BlackholeProxy> {
  const passages: Passage[] = []
  const server = createServer({ allowHalfOpen: true, noDelay: true }, client => passages.push(openPassage(client, target))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const { client, server } of passages) {
      client.destroy()
      server.destroy()
    }
    server.close()
  })
  const swallow = (clientNotices: boolean = false) => {
    const open = passages.filter(({ client, server, silent }) => !silent && !client.destroyed && !server.destroyed)
    for (const passage of open) {
      passage.silent = true
      if (clientNotices) passage.client.resetAndDestroy()
    }
    return open
  }
  const passage = async (index: number) => {
    await until(() => passages[index] !== undefined, `connection ${index} through the proxy`)
    return passages[index] as Passage
  }
  return { port: (server.address() as AddressInfo).port, passages, swallow, passage }
}

function openPassage (client: Socket, target: number): Passage {
  const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const passage: Passage = { client, server, silent: false, swallowed: Buffer.alloc(0) }
  client.on('data', chunk => {
    if (!passage.silent) server.write(chunk)
  })
  server.on('data', chunk => {
    if (passage.silent) passage.swallowed = Buffer.concat([passage.swallowed, chunk])
    else client.write(chunk)
  })
  for (const [from, to] of [[client, server], [server, client]] as const) {
    from.on('error', () => {})
    from.on('end', () => {
      if (!passage.silent) to.end()
    })
    from.on('close', () => {
      if (!passage.silent) to.destroy()
    })
  }
  return passage
}
