/** Real services for the suite of connectors: sockets, WebSockets, datagrams, processes. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Counterpart, Definition, Peer, Test } from './peer.js'
import { StreamPeer } from './stream-peer.js'

export const relay = fileURLToPath(new URL('../harness/stdio-relay.js', import.meta.url))

async function listening (t: Test, server: Server, where: ListenOptions): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket.on('close', () => sockets.delete(socket))))
  server.listen(where)
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const anywhere = { port: 0, host: '127.0.0.1' }

/** A TCP server, and a service of any connector that leads to its port. */
export async function tcpCounterpart (t: Test, serviceAt: (port: number) => Definition, connectors?: Counterpart['connectors']): Promise<Counterpart> {
  const peers: Peer[] = []
  const server = createServer({ allowHalfOpen: true }, socket => { peers.push(new StreamPeer(socket, () => socket.resetAndDestroy())) })
  const port = await listening(t, server, anywhere)
  return { service: serviceAt(port), peers, ...(connectors !== undefined && { connectors }) }
}

/** A TLS server on a free port. */
export async function tlsCounterpart (t: Test, options: TlsOptions, serviceAt: (port: number) => Definition): Promise<Counterpart> {
  const peers: Peer[] = []
  const wires = new Map<number | undefined, Socket>()
  const server = createTlsServer({ ...options, allowHalfOpen: true } as TlsOptions, socket => {
    const { remotePort } = socket
    peers.push(new StreamPeer(socket, () => wires.get(remotePort)?.resetAndDestroy()))
  })
  server.on('connection', (wire: Socket) => wires.set(wire.remotePort, wire))
  server.on('tlsClientError', () => {})
  const port = await listening(t, server, anywhere)
  return { service: serviceAt(port), peers }
}

/** A server on a UNIX socket; a path that begins with @ is an abstract one. */
export async function unixCounterpart (t: Test, path: string): Promise<Counterpart> {
  const peers: Peer[] = []
  const server = createServer({ allowHalfOpen: true }, socket => {
    peers.push(new StreamPeer(socket, async publish => {
      // The kernel resets a UNIX socket that is closed with something unread.
      socket.pause()
      await publish('x'.repeat(200_000))
      socket.destroy()
    }))
  })
  await listening(t, server, { path: path.replace(/^@/, '\0') })
  return { service: { type: 'unix', path, framing: 'lines' }, peers }
}

/** A TCP server that takes connections and says nothing, so that a handshake on them never ends. */
export async function silentPort (t: Test): Promise<number> {
  return listening(t, createServer(socket => { socket.on('error', () => {}).resume() }), anywhere)
}

class WebSocketPeer implements Peer {
  readonly heard: string[] = []
  ended = false
  readonly #ws: WebSocket

  constructor (ws: WebSocket) {
    this.#ws = ws
    ws.on('message', data => this.heard.push(String(data)))
    ws.on('close', () => { this.ended = true })
    ws.on('error', () => {})
  }

  say (message: string): Promise<unknown> {
    return new Promise(resolve => this.#ws.send(message, resolve))
  }

  flood (size: number): void {
    this.#ws.send('x'.repeat(size))
  }

  end (last: string): void {
    this.#ws.send(last)
    this.#ws.close(1000)
  }

  break (): void {
    this.#ws.terminate()
  }

  pause (): void {
    this.#ws.pause()
  }

  resume (): void {
    this.#ws.resume()
  }
}

/** A WebSocket server of `ws`. */
export async function webSocketCounterpart (t: Test): Promise<Counterpart> {
  const peers: Peer[] = []
  const server = new WebSocketServer(anywhere)
  server.on('connection', ws => { peers.push(new WebSocketPeer(ws)) })
  await once(server, 'listening')
  t.after(() => {
    for (const ws of server.clients) ws.terminate()
    server.close()
  })
  return { service: { type: 'websocket', url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` }, peers }
}

/** A UDP socket; whoever writes to it from a new port begins a conversation. */
export async function udpCounterpart (t: Test): Promise<Counterpart> {
  const peers: Peer[] = []
  const byPort = new Map<number, string[]>()
  const socket = createSocket('udp4')
  socket.on('message', (message, { port }) => {
    if (!byPort.has(port)) {
      const heard: string[] = []
      byPort.set(port, heard)
      const send = (text: string) => new Promise(resolve => socket.send(text, port, '127.0.0.1', resolve))
      peers.push({ heard, say: send, flood: size => send('x'.repeat(size)) })
    }
    byPort.get(port)?.push(String(message))
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return { service: { type: 'udp', domain: '127.0.0.1', port: socket.address().port }, peers }
}

/** A process for each conversation, which passes everything on to this one. */
export function processCounterpart (t: Test): Promise<Counterpart> {
  return tcpCounterpart(t, port => ({ type: 'process', command: process.execPath, args: [relay, String(port)], framing: 'lines' }))
}
