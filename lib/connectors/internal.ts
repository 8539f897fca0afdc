import { EventEmitter } from 'node:events'
import { Duplex, Readable } from 'node:stream'
import type { Connector, ConnectorContext, InternalContext, InternalHandler, InternalService, InternalSource, ServiceDuplex } from '../../types/index.js'
import { Incoming } from './incoming.js'
import { IterableStream } from './iterable-stream.js'
import { MessageStream } from './message-stream.js'

/** What goes with one conversation. */
interface Conversation {
  readonly context: ConnectorContext
  /** What the handler may use. */
  readonly inside: InternalContext
  /** What clients publish; null where nobody reads it. */
  readonly incoming: Incoming | null
  /** It is over. */
  readonly end: () => void
}

/**
 * A service of a few lines of the application's own: an async generator or whatever else can be iterated,
 * a stream, an EventEmitter, or an object in the form of Nodefony's services.
 */
export const internal: Connector = async (service, context) => {
  const handler = service.handler as InternalHandler
  const ended = new AbortController()
  const inside = { session: context.session, log: context.log, signal: ended.signal }
  const end = () => ended.abort()
  context.signal.addEventListener('abort', end, { once: true })
  if (typeof handler !== 'function') return streamOf(handler, { context, inside, end, incoming: null })
  let stream: ServiceDuplex | null = null
  let left = false
  const incoming = new Incoming(() => {
    left = true
    stream?.end()
  })
  const source = await handler(incoming, inside)
  stream = await streamOf(source, { context, inside, end, incoming: handler.length === 0 || left ? null : incoming })
  return stream
}

async function streamOf (source: InternalSource, conversation: Conversation): Promise<ServiceDuplex> {
  if (source instanceof Readable) return ofStream(source, conversation)
  const messages = iteratorOf(source)
  return messages === null ? ofService(source as InternalService, conversation) : ofIterator(messages, conversation)
}

// A text is no list of its letters.
function iteratorOf (source: InternalSource): AsyncIterator<unknown> | Iterator<unknown> | null {
  if (typeof source !== 'object' || source === null) throw new TypeError('The handler of an internal service gave nothing that has messages')
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]()
  return Symbol.iterator in source ? source[Symbol.iterator]() : null
}

function ofIterator (messages: AsyncIterator<unknown> | Iterator<unknown>, { end, incoming }: Conversation): IterableStream {
  return new IterableStream({
    messages,
    close: end,
    end: () => incoming?.end(),
    ...(incoming !== null && { write: (data: unknown, taken: () => void) => incoming.offer(data, taken) })
  })
}

function ofStream (source: Readable, { end }: Conversation): ServiceDuplex {
  if (!source.readableObjectMode) {
    const bytes = source instanceof Duplex ? source : Duplex.from(source)
    return bytes.once('close', end)
  }
  // It may fail before anybody reads it; who reads it is told all the same.
  source.on('error', () => {})
  return new IterableStream({
    messages: source[Symbol.asyncIterator](),
    close: () => {
      end()
      source.destroy()
    },
    end: () => { if (source instanceof Duplex) source.end() },
    ...(source instanceof Duplex && { write: (data: unknown, taken: () => void) => { source.write(data, taken) } })
  })
}

async function ofService (service: InternalService, { context, inside, incoming, end }: Conversation): Promise<MessageStream> {
  let connected = false
  const write = writerOf(service, inside, incoming)
  const stream: MessageStream = new MessageStream(context, {
    ...(write !== null && { write: async (data: unknown) => answer(await write(data)) }),
    end: () => {
      incoming?.end()
      stream.finish()
    },
    close: async () => {
      incoming?.end()
      leave()
      end()
      if (connected) await service.close?.(inside)
    }
  })
  const answer = (data: unknown) => {
    if (data !== undefined) stream.receive(data)
  }
  const leave = service instanceof EventEmitter ? listen(service, stream, answer) : () => {}
  context.signal.addEventListener('abort', () => stream.destroy(), { once: true })
  try {
    answer(await service.connect?.({ ...inside, send: answer }))
    connected = true
  } catch (error) {
    stream.on('error', () => {}).destroy()
    throw error
  }
  // It took longer than anybody waited.
  if (stream.destroyed) await service.close?.(inside)
  return stream
}

function writerOf (service: InternalService, inside: InternalContext, incoming: Incoming | null): ((data: unknown) => unknown) | null {
  if (service.onMessage !== undefined) return data => service.onMessage?.(data, inside)
  return incoming === null ? null : data => new Promise<void>(resolve => incoming.offer(data, resolve))
}

function listen (emitter: EventEmitter, stream: MessageStream, hear: (data: unknown) => void): () => void {
  const listeners = {
    data: hear,
    message: hear,
    error: (error: Error) => stream.finish(error),
    end: () => stream.finish(),
    close: () => stream.finish()
  }
  // One a conversation is no leak, however many there are. 0 is no bound already.
  const allow = (more: number) => {
    const most = emitter.getMaxListeners()
    if (most !== 0) emitter.setMaxListeners(most + more)
  }
  allow(1)
  for (const [name, listener] of Object.entries(listeners)) emitter.on(name, listener)
  return () => {
    allow(-1)
    for (const [name, listener] of Object.entries(listeners)) emitter.off(name, listener)
  }
}
