import { EventEmitter } from 'node:events'
import { Duplex, Readable } from 'node:stream'
import type { Connector, ConnectorContext, InternalHandler, InternalService, InternalSource, ServiceDuplex } from '../../types/index.js'
import { Incoming } from './incoming.js'
import { IterableStream } from './iterable-stream.js'
import { MessageStream } from './message-stream.js'

/**
 * A service of a few lines of the application's own: an async generator or whatever else can be iterated,
 * a stream, an EventEmitter, or an object in the form of Nodefony's services.
 */
export const internal: Connector = async (service, context) => {
  const handler = service.handler as InternalHandler
  const ended = new AbortController()
  const inside = { session: context.session, log: context.log, signal: ended.signal }
  const end = () => ended.abort()
  if (typeof handler !== 'function') return streamOf(handler, context, inside, end)
  const incoming = new Incoming(() => stream?.end())
  const source = await handler(incoming, inside)
  const stream = await streamOf(source, context, inside, end, handler.length === 0 ? null : incoming)
  return stream
}

type Inside = Parameters<Exclude<InternalHandler, InternalSource>>[1]

async function streamOf (source: InternalSource, context: ConnectorContext, inside: Inside, end: () => void, incoming: Incoming | null = null): Promise<ServiceDuplex> {
  if (isBytes(source)) return source instanceof Duplex ? source : Duplex.from(source)
  const messages = iteratorOf(source)
  if (messages === null) return ofService(source as InternalService, context, inside, end)
  if (source instanceof Duplex) return ofIterator(messages, end, (data, taken) => source.write(data, taken), () => source.end())
  return ofIterator(messages, end, incoming === null ? undefined : (data, taken) => incoming.offer(data, taken), () => incoming?.end())
}

function isBytes (source: InternalSource): source is Readable {
  return source instanceof Readable && !source.readableObjectMode
}

// A text is no list of its letters.
function iteratorOf (source: InternalSource): AsyncIterator<unknown> | Iterator<unknown> | null {
  if (typeof source !== 'object' || source === null) throw new TypeError('The handler of an internal service gave nothing that has messages')
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]()
  return Symbol.iterator in source ? source[Symbol.iterator]() : null
}

function ofIterator (messages: AsyncIterator<unknown> | Iterator<unknown>, close: () => void, write: ((data: unknown, taken: () => void) => void) | undefined, end: () => void): IterableStream {
  return new IterableStream({ messages, close, end, ...(write !== undefined && { write }) })
}

async function ofService (service: InternalService, context: ConnectorContext, inside: Inside, end: () => void): Promise<MessageStream> {
  const { onMessage } = service
  const emitter = service instanceof EventEmitter ? service : null
  const stream: MessageStream = new MessageStream(context, {
    ...(onMessage !== undefined && {
      write: async (data: unknown) => answer(await onMessage.call(service, data, inside))
    }),
    end: () => stream.finish(),
    close: async () => {
      for (const [name, listener] of Object.entries(listeners)) emitter?.off(name, listener)
      end()
      await service.close?.(inside)
    }
  })
  const answer = (data: unknown) => {
    if (data !== undefined) stream.receive(data)
  }
  const listeners = {
    data: answer,
    message: answer,
    error: (error: Error) => stream.finish(error),
    end: () => stream.finish(),
    close: () => stream.finish()
  }
  for (const [name, listener] of Object.entries(listeners)) emitter?.on(name, listener)
  try {
    answer(await service.connect?.({ ...inside, send: answer }))
    return stream
  } catch (error) {
    stream.on('error', () => {}).destroy()
    throw error
  }
}
