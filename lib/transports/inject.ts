import type { Caller, Carried, Connection, InjectedClient, InjectOptions } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { newClientId } from '../broker/client-id.js'
import { decode, Undecodable } from '../protocol/codec.js'
import type { EventMessage, MessageId, ReplyMessage } from '../protocol/message.js'
import { spellArray } from '../protocol/dialect.js'
import type { Outgoing } from '../protocol/outgoing.js'
import { Few } from '../broker/few.js'

/** The server's end of an injected client: a connection without a network. */
class InjectedConnection implements Connection {
  readonly caller: Caller
  readonly pushes = true
  readonly bare = false
  readonly waiting = 0
  readonly sessions = new Few<Carried>()
  open = true
  readonly #onMessage: (message: ReplyMessage & EventMessage) => void
  readonly #onClose: () => void

  constructor (caller: Caller, onMessage: (message: ReplyMessage & EventMessage) => void, onClose: () => void) {
    this.caller = caller
    this.#onMessage = onMessage
    this.#onClose = onClose
  }

  send (messages: readonly Outgoing[]): void {
    for (const message of JSON.parse(spellArray(messages))) this.#onMessage(message)
  }

  async probe (): Promise<boolean> {
    return this.open
  }

  pause (): void {}

  resume (): void {}

  close (): void {
    this.open = false
    this.#onClose()
  }
}

interface Waiter<Message> {
  resolve (message: Message): void
  reject (error: Error): void
}

/** An in-memory client: the same codec and the same broker as any other, without a port. */
export class Injected implements InjectedClient {
  clientId = ''
  readonly received: EventMessage[] = []
  readonly #broker: Broker
  readonly #connection: InjectedConnection
  readonly #replies = new Map<MessageId, (reply: ReplyMessage) => void>()
  readonly #calls = new Map<MessageId, Waiter<ReplyMessage>>()
  #waiters: Waiter<EventMessage>[] = []
  #lastId = 0

  constructor (broker: Broker, path: string, options: InjectOptions = {}) {
    this.#broker = broker
    this.#connection = new InjectedConnection({
      address: options.address ?? '127.0.0.1',
      url: `http://localhost${path}`,
      headers: options.headers ?? {},
      cookie: newClientId(),
      cookieCame: false,
      multiplexed: true,
      transport: 'inject',
      ...('identity' in options && { identity: options.identity })
    }, message => this.#take(message), () => this.#closed())
  }

  async handshake (ext?: Record<string, unknown>): Promise<ReplyMessage> {
    const { transports } = this.#broker.config
    const reply = await this.send({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: transports, ext })
    if (!reply.successful) return reply
    this.clientId = reply.clientId as string
    await this.send({ channel: '/meta/connect', connectionType: transports[0], advice: { timeout: 0 } })
    return reply
  }

  subscribe (channel: string, data?: unknown): Promise<ReplyMessage> {
    return this.send({ channel: '/meta/subscribe', subscription: channel, data })
  }

  unsubscribe (channel: string, data?: unknown): Promise<ReplyMessage> {
    return this.send({ channel: '/meta/unsubscribe', subscription: channel, data })
  }

  publish (channel: string, data: unknown): Promise<ReplyMessage> {
    return this.send({ channel, data })
  }

  async call (name: string, params: unknown = null): Promise<unknown> {
    const id = `${++this.#lastId}`
    const answered = new Promise<ReplyMessage>((resolve, reject) => this.#calls.set(id, { resolve, reject }))
    // Where it is refused, nobody waits for the answer.
    answered.catch(() => {})
    try {
      const accepted = await Promise.race([answered, this.send({ channel: `/service/rpc/${name}`, data: params, id })])
      const { error, data } = accepted.successful ? await answered : accepted
      if (error !== undefined) throw new Error(error)
      return data
    } finally {
      this.#calls.delete(id)
    }
  }

  async disconnect (): Promise<ReplyMessage> {
    const reply = await this.send({ channel: '/meta/disconnect' })
    // Its connection stays, for another handshake; what its session was to be answered does not come any more.
    if (reply.successful) this.#endCalls()
    return reply
  }

  send (message: Record<string, unknown>): Promise<ReplyMessage> {
    if (!this.#connection.open) return Promise.reject(closedError())
    const id = (message.id ?? `${++this.#lastId}`) as MessageId
    const clientId = this.clientId === '' ? undefined : this.clientId
    const batch = decode(JSON.stringify([{ clientId, ...message, id }]), this.#broker.limits)
    if (batch instanceof Undecodable) return Promise.reject(new Error(batch.error))
    return new Promise(resolve => {
      this.#replies.set(id, resolve)
      this.#broker.receive(batch, this.#connection)
    })
  }

  next (): Promise<EventMessage> {
    const message = this.received.shift()
    if (message !== undefined) return Promise.resolve(message)
    if (!this.#connection.open) return Promise.reject(closedError())
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  close (): void {
    if (!this.#connection.open) return
    this.#connection.close()
    this.#broker.detach(this.#connection)
  }

  #take (message: ReplyMessage & EventMessage): void {
    const answered = message.id !== undefined && message.successful !== undefined ? this.#replies.get(message.id) : undefined
    if (answered !== undefined) {
      this.#replies.delete(message.id as MessageId)
      return answered(message)
    }
    const called = message.successful === undefined ? undefined : this.#calls.get(message.id as MessageId)
    if (called !== undefined) return called.resolve(message)
    const waiter = this.#waiters.shift()
    if (waiter === undefined) this.received.push(message)
    else waiter.resolve(message)
  }

  #closed (): void {
    for (const { reject } of this.#waiters) reject(closedError())
    this.#waiters = []
    this.#endCalls()
  }

  #endCalls (): void {
    for (const { reject } of this.#calls.values()) reject(closedError())
  }
}

function closedError (): Error {
  return new Error('The injected client is closed')
}
