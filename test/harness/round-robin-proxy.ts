/** A load balancer that knows no stickiness: each request goes to the next server, also on one connection, and so does each upgrade. */
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

// Longer than any test: a client must not speak on a connection that is just being closed.
const KEEP_ALIVE = 600_000

export interface RoundRobinProxy {
  /** `http://127.0.0.1:port/realtime` */
  readonly url: string
  readonly wsUrl: string
  /** How often each server was asked, requests and upgrades together. */
  readonly asked: number[]
  /** Breaks the connections that were upgraded, as where a phone changes networks. */
  cut (): void
}

type Test = { after: (fn: () => unknown) => unknown }

/**
 * Starts a balancer before servers of this machine; it ends with the test. Where one does not take the connection the
 * next is asked, as balancers do.
 * @param urls of gateways
 */
export async function startRoundRobinProxy (t: Test, urls: readonly string[]): Promise<RoundRobinProxy> {
  const ports = urls.map(url => Number(new URL(url).port))
  const asked = ports.map(() => 0)
  const upgraded = new Set<Socket>()
  let last = -1
  const next = () => {
    last = (last + 1) % ports.length
    asked[last] = (asked[last] ?? 0) + 1
    return ports[last] as number
  }
  const server = createServer({ noDelay: true, keepAliveTimeout: KEEP_ALIVE }, (incoming, reply) => handle(incoming, reply, next, ports.length))
  server.on('upgrade', (incoming: IncomingMessage, client: Socket, head: Buffer) => upgrade(incoming, client, head, next, ports.length, upgraded))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => { for (const socket of upgraded) socket.destroy() }
  t.after(() => {
    cut()
    server.close()
    server.closeAllConnections()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const path = new URL(urls[0] as string).pathname
  return { url: origin + path, wsUrl: origin.replace('http', 'ws') + path, asked, cut }
}

async function handle (incoming: IncomingMessage, reply: ServerResponse, next: () => number, tries: number): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const { method, url: path, headers } = incoming
  const ask = (left: number) => {
    const onward = request({ host: '127.0.0.1', port: next(), method, path, headers, agent: false })
    let answered = false
    onward.on('response', answer => {
      answered = true
      // How long a connection is kept is each side's own affair.
      const { connection, 'keep-alive': keepAlive, ...others } = answer.headers
      reply.writeHead(answer.statusCode ?? 500, others)
      answer.on('error', () => reply.destroy())
      answer.pipe(reply)
    })
    onward.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && left > 1) ask(left - 1)
      else if (!answered) reply.destroy()
    })
    reply.once('close', () => onward.destroy())
    onward.end(Buffer.concat(chunks))
  }
  ask(tries)
}

function upgrade (incoming: IncomingMessage, client: Socket, head: Buffer, next: () => number, tries: number, upgraded: Set<Socket>): void {
  const onward = connect({ port: next(), host: '127.0.0.1', noDelay: true })
  client.on('error', () => {})
  onward.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED' && tries > 1) upgrade(incoming, client, head, next, tries - 1, upgraded)
    else client.destroy()
  })
  onward.once('connect', () => {
    const { method, url, httpVersion, rawHeaders } = incoming
    const lines = [`${method} ${url} HTTP/${httpVersion}`]
    for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
    onward.write(`${lines.join('\r\n')}\r\n\r\n`)
    onward.write(head)
    for (const [from, to] of [[client, onward], [onward, client]] as const) {
      upgraded.add(from)
      from.pipe(to)
      from.on('close', () => {
        upgraded.delete(from)
        to.destroy()
      })
    }
  })
}
