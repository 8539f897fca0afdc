import type { TSchema } from '@sinclair/typebox'
import type { CallSettings, SessionHandle } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { CallEndedError, CallResultError, CallTimeoutError } from '../errors.js'
import { Outgoing } from '../protocol/outgoing.js'
import { compile, type Validator } from '../protocol/schemas.js'
import type { Bus } from './bus.js'
import type { WordOf } from './words.js'

/** A call to a client of another node that waits for its answer. */
interface Open {
  readonly node: string
  readonly method: string
  readonly settle: (answered: WordOf<'called'> | Error) => void
}

/** What the application does with sessions that live on other nodes: it delivers to them, calls them, and ends them. */
export class Reach {
  readonly #bus: Bus
  readonly #broker: () => Broker
  readonly #open = new Map<number, Open>()
  /** Calls of other nodes that run here. */
  readonly #running = new Map<string, AbortController>()
  readonly #compiled = new WeakMap<TSchema, Validator>()
  #last = 0

  constructor (bus: Bus, broker: () => Broker) {
    this.#bus = bus
    this.#broker = broker
  }

  /** A session of another node. */
  session (node: string, clientId: string): SessionHandle {
    return {
      id: clientId,
      deliver: (channel, data) => this.deliver(node, clientId, Outgoing.broadcast({ channel, data })),
      disconnect: reason => this.#bus.send(node, { say: 'disconnect', clientId, reason: reason ?? null }),
      call: (method, params, settings) => this.#call(node, clientId, method, params, settings)
    }
  }

  deliver (node: string, clientId: string, event: Outgoing): boolean {
    if (!this.#bus.up) return false
    this.#bus.send(node, { say: 'deliver', clientId }, [event.json])
    return true
  }

  async #call (node: string, clientId: string, method: string, params: unknown, { timeout, signal, result }: CallSettings = {}): Promise<any> {
    signal?.throwIfAborted()
    if (!this.#bus.up) throw new CallEndedError(method)
    const { callTimeout, relayTimeout } = this.#broker().limits
    const wait = timeout ?? callTimeout
    const call = ++this.#last
    const answered = await new Promise<WordOf<'called'>>((resolve, reject) => {
      // Its own node keeps the time; here only the way is added.
      const timer = Number.isFinite(wait) ? setTimeout(() => settle(new CallTimeoutError(method, wait)), wait + relayTimeout) : undefined
      const aborted = () => {
        this.#bus.send(node, { say: 'uncall', call, clientId })
        settle(signal?.reason)
      }
      const settle = (answer: WordOf<'called'> | Error) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', aborted)
        this.#open.delete(call)
        if ('say' in answer) resolve(answer)
        else reject(answer)
      }
      signal?.addEventListener('abort', aborted, { once: true })
      this.#open.set(call, { node, method, settle })
      this.#bus.send(node, { say: 'call', call, clientId, method, params, timeout: Number.isFinite(wait) ? wait : null })
    })
    if (answered.error !== undefined) {
      const { code, message, cause } = answered.error
      throw Object.assign(new Error(message, { cause }), { code })
    }
    this.#check(method, result, answered.result)
    return answered.result
  }

  #check (method: string, schema: TSchema | undefined, result: unknown): void {
    if (schema === undefined) return
    const validator = this.#compiled.get(schema) ?? compile(schema)
    this.#compiled.set(schema, validator)
    const wrong = validator.check(result) ? null : validator.explain(result)
    if (wrong !== null) throw new CallResultError(method, `${wrong.pointer === '' ? '/' : wrong.pointer} ${wrong.message}`)
  }

  // What other nodes ask

  delivered ({ clientId }: WordOf<'deliver'>, json: string): void {
    this.#broker().sessions.get(clientId)?.take(Outgoing.spelled('broadcast', json))
  }

  disconnected ({ clientId, reason }: WordOf<'disconnect'>): void {
    this.#broker().sessions.get(clientId)?.disconnect(reason ?? undefined)
  }

  async called ({ from, call, clientId, method, params, timeout }: WordOf<'call'>): Promise<void> {
    const key = `${from} ${call}`
    const controller = new AbortController()
    this.#running.set(key, controller)
    try {
      const session = this.#broker().sessions.get(clientId)
      if (session === undefined) throw new CallEndedError(method)
      const result: unknown = await session.call(method, params, { timeout: timeout ?? Infinity, signal: controller.signal })
      this.#bus.send(from, { say: 'called', call, result })
    } catch (error) {
      const { code, message, cause } = error as Error & { code: string }
      this.#bus.send(from, { say: 'called', call, error: { code, message, cause } })
    } finally {
      this.#running.delete(key)
    }
  }

  uncalled ({ from, call }: WordOf<'uncall'>): void {
    this.#running.get(`${from} ${call}`)?.abort()
  }

  answered (word: WordOf<'called'>): void {
    this.#open.get(word.call)?.settle(word)
  }

  /** What was under way with a node is over: what it was asked is not answered any more, and nobody waits there. */
  parted (node: string): void {
    for (const open of [...this.#open.values()]) if (open.node === node) open.settle(new CallEndedError(open.method))
    for (const [key, controller] of this.#running) if (key.startsWith(`${node} `)) controller.abort()
  }
}
