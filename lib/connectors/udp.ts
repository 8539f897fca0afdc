import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import type { Connector, ConnectorContext } from '../../types/index.js'
import { MessageStream } from './message-stream.js'

// What one datagram can carry: 64 KiB without the headers of IP and UDP (RFC 768).
const LONGEST = 65_507

/**
 * UDP: a datagram is a message. To `domain`:`port`, which alone is heard; or, with `listen`, on that
 * address and port, where everybody is heard and what is written answers whoever spoke last.
 */
export const udp: Connector = async (service, context) => {
  const { domain, port, listen } = service as { domain: string, port: number, listen?: boolean }
  // Where a name has both, and nobody can be asked which one is served: `localhost` for one.
  const { address, family } = await lookup(domain, { verbatim: false })
  context.signal.throwIfAborted()
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  return listen === true ? listenOn(socket, port, address, context) : connectTo(socket, port, address, context)
}

async function connectTo (socket: Socket, port: number, address: string, context: ConnectorContext): Promise<MessageStream> {
  await ready(socket, 'connect', () => socket.connect(port, address))
  return streamOf(socket, context, (message, done) => socket.send(message, done))
}

async function listenOn (socket: Socket, port: number, address: string, context: ConnectorContext): Promise<MessageStream> {
  await ready(socket, 'listening', () => socket.bind({ port, address, exclusive: true }))
  let last: { port: number, address: string } | null = null
  socket.on('message', (_message, sender) => { last = sender })
  return streamOf(socket, context, (message, done) => {
    const drop = () => {
      context.dropped(1)
      done(null)
    }
    // That one cannot be reached is no reason to hear the others no more.
    if (last === null) drop()
    else socket.send(message, last.port, last.address, error => error === null ? done(null) : drop())
  })
}

function streamOf (socket: Socket, context: ConnectorContext, send: (message: Buffer, done: (error: Error | null) => void) => void): MessageStream {
  const stream: MessageStream = new MessageStream(context, {
    write: data => new Promise<void>((resolve, reject) => send(data as Buffer, error => error === null ? resolve() : reject(error))),
    // The other side never knows of our end, so ours is the end of both.
    end: () => stream.finish(),
    close: () => { socket.close() },
    longest: LONGEST
  })
  socket.on('message', message => stream.receive(message))
  socket.on('error', error => stream.finish(error))
  return stream
}

function ready (socket: Socket, event: 'connect' | 'listening', begin: () => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      socket.close()
      reject(error)
    }
    socket.once('error', failed)
    socket.once(event, () => {
      socket.off('error', failed)
      resolve()
    })
    begin()
  })
}
