import type { TSchema } from '@sinclair/typebox'
import type { Accepted, CallMetrics, CallSettings, Recipient } from '../../types/index.js'
import { CallEndedError, CallLimitError, CallRefusedError, CallResultError, CallTimeoutError, CallUnknownError, UsageError } from '../errors.js'
import type { Limits } from '../limits.js'
import { RPC } from '../protocol/channel.js'
import { refusal } from '../protocol/error.js'
import type { ClientAnswer, ClientCall } from '../protocol/message.js'
import { clientAnswerValidator, compile, type Validator } from '../protocol/schemas.js'
import { misfit } from './callable.js'
import { carried } from './carried.js'

// JSON-RPC 2.0 for a method that is not there.
const UNKNOWN_METHOD = -32601
const LONGEST_TIMER = 2 ** 31 - 1

/** A call that waits for its answer. */
interface Open {
  readonly method: string
  readonly result: Validator | null
  resolve (result: unknown): void
  reject (error: unknown): void
}

/** Calls of the application to its clients: what is open, by session and id. */
export class ClientCalls {
  readonly #limits: Limits
  readonly #open = new Map<Recipient, Map<unknown, Open>>()
  // A schema is compiled once, however often it is asked with.
  readonly #compiled = new WeakMap<TSchema, Validator>()
  readonly #counted = { clientCallsOpen: 0, clientCallsMade: 0, clientCallsFailed: 0 }
  #last = 0

  constructor (limits: Limits) {
    this.#limits = limits
  }

  async call (session: Recipient, method: string, params: unknown, { timeout = this.#limits.callTimeout, signal, result }: CallSettings): Promise<unknown> {
    if (typeof method !== 'string' || method === '') throw new UsageError(`No method to call: ${method}`)
    if (!(timeout > 0)) throw new UsageError(`No time to wait for an answer: ${timeout}`)
    signal?.throwIfAborted()
    if (session.ended) throw new CallEndedError(method)
    const open = this.#open.get(session) ?? new Map<unknown, Open>()
    if (open.size >= this.#limits.calls) throw new CallLimitError(this.#limits.calls)
    const data: ClientCall = { jsonrpc: '2.0', id: ++this.#last, method, params }
    const event = carried({ channel: RPC, data })
    if (event === null) throw new UsageError(`JSON cannot carry the parameters of ${method}`)
    this.#open.set(session, open)
    this.#counted.clientCallsMade++
    this.#counted.clientCallsOpen++
    let timer: NodeJS.Timeout | undefined
    let aborted = () => {}
    try {
      return await new Promise((resolve, reject) => {
        open.set(data.id, { method, result: this.#validator(result), resolve, reject })
        if (timeout <= LONGEST_TIMER) timer = setTimeout(() => reject(new CallTimeoutError(method, timeout)), timeout)
        aborted = () => reject(signal?.reason)
        signal?.addEventListener('abort', aborted, { once: true })
        session.take(event)
      })
    } catch (error) {
      this.#counted.clientCallsFailed++
      throw error
    } finally {
      this.#counted.clientCallsOpen--
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      open.delete(data.id)
      if (open.size === 0 && this.#open.get(session) === open) this.#open.delete(session)
    }
  }

  /** A client answers. */
  answer (session: Recipient, data: unknown): Accepted {
    const wrong = misfit(clientAnswerValidator, data)
    if (wrong !== null) return refusal(400, RPC, `Not an answer: ${wrong}`)
    const { id, result = null, error } = data as ClientAnswer
    const open = this.#open.get(session)?.get(id)
    if (open === undefined) return refusal(404, RPC, 'Unknown call')
    this.#open.get(session)?.delete(id)
    const { method } = open
    if (error !== undefined && error !== null) {
      open.reject(error.code === UNKNOWN_METHOD ? new CallUnknownError(method, { cause: error }) : new CallRefusedError(method, error.message, { cause: error }))
      return () => {}
    }
    const unfit = misfit(open.result, result)
    if (unfit === null) return () => open.resolve(result)
    open.reject(new CallResultError(method, unfit))
    return refusal(422, RPC, `Result does not fit: ${unfit}`)
  }

  ended (session: Recipient): void {
    const open = this.#open.get(session)
    this.#open.delete(session)
    for (const { method, reject } of open?.values() ?? []) reject(new CallEndedError(method))
  }

  metrics (): Pick<CallMetrics, 'clientCallsOpen' | 'clientCallsMade' | 'clientCallsFailed'> {
    return { ...this.#counted }
  }

  #validator (schema: TSchema | undefined): Validator | null {
    if (schema === undefined) return null
    const compiled = this.#compiled.get(schema) ?? compile(schema)
    this.#compiled.set(schema, compiled)
    return compiled
  }
}
