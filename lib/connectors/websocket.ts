import type { ConnectionOptions } from 'node:tls'
import WebSocket, { type ClientOptions } from 'ws'
import type { Connector, ConnectorContext } from '../../types/index.js'
import { MessageStream } from './message-stream.js'
import { watchSilence } from './silence.js'

/** Fields of a `websocket` service. */
type Fields = ClientOptions & ConnectionOptions & { readonly url: string, readonly protocols?: string[], readonly encoding: string }

// RFC 6455, section 7.4.1: a normal closure, going away, and no code at all.
const GOOD = new Set([1000, 1001, 1005])

/**
 * A WebSocket of another server. Its messages, text and binary, are messages; what is written goes as
 * text where the encoding is text, and as binary where it is `base64` or `binary`.
 */
export const websocket: Connector = (service, context) => {
  const { url, protocols = [], headers, ca, cert, key, passphrase, servername, rejectUnauthorized, encoding } = service as unknown as Fields
  const tls = { ca, cert, key, passphrase, servername, rejectUnauthorized }
  const settled = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined))
  const ws = new WebSocket(url, protocols, {
    ...settled,
    ...(headers !== undefined && { headers }),
    maxPayload: context.limits.serviceMessage,
    perMessageDeflate: false
  })
  const binary = encoding === 'base64' || encoding === 'binary'
  // Listened to at once: the server may speak together with its answer to the upgrade.
  const stream = streamOf(ws, context, binary)
  return new Promise((resolve, reject) => {
    ws.once('open', () => resolve(stream))
    ws.once('error', reject)
    ws.once('close', () => reject(new Error('closed while connecting')))
    context.signal.addEventListener('abort', () => stream.destroy(), { once: true })
  })
}

function streamOf (ws: WebSocket, context: ConnectorContext, binary: boolean): MessageStream {
  const closed = new Promise<void>(resolve => ws.once('close', () => resolve()))
  const stream = new MessageStream(context, {
    write: data => new Promise<void>((resolve, reject) => {
      ws.send(data as Buffer, { binary }, error => error == null ? resolve() : reject(error))
    }),
    end: () => {
      ws.close(1000)
      ws.resume()
      return closed
    },
    close: () => { ws.terminate() },
    pause: () => ws.pause(),
    resume: () => ws.resume()
  })
  ws.on('message', data => stream.receive(data))
  ws.on('error', error => stream.finish(explained(error)))
  ws.on('close', (code, reason) => stream.finish(GOOD.has(code)
    ? null
    : Object.assign(new Error(`closed with ${code} ${String(reason)}`), { told: `Service closed its WebSocket with ${code}` })))
  ws.once('upgrade', ({ socket }) => watchSilence(ws, socket, context.limits, () => {
    stream.finish(Object.assign(new Error('no answer to a ping'), { told: 'Service fell silent' }))
    ws.terminate()
  }))
  return stream
}

function explained (error: NodeJS.ErrnoException): Error {
  return error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? Object.assign(error, { code: 'EMSGSIZE' }) : error
}
