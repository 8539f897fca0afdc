/** JSON-RPC 2.0 over a conversation with a service: calls, their answers, and what is neither. */
import { withDeadline, type CallOptions } from './deadline.js'
import type { RealtimeError } from './error.js'

/** What a service answered where a call failed. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  /** The service's own, or one of the specification's: -32601 for an unknown method, say. */
  readonly code: number
  /** What the service adds, if anything. */
  readonly data: unknown

  constructor (code: number, text: string, data?: unknown) {
    super(text)
    this.code = code
    this.data = data
  }
}

/** What a service says of its own accord. */
export interface RpcNotification {
  readonly method: string
  readonly params?: unknown
}

interface Pending {
  resolve (result: unknown): void
  reject (error: unknown): void
}

interface Answer {
  readonly id: unknown
  readonly result?: unknown
  readonly error?: { readonly code?: number, readonly message?: string, readonly data?: unknown } | null
}

// Conversations are shared, by handles of one client and by clients: nobody else is to have chosen the same ids.
const FIRST = Math.floor(Math.random() * 2 ** 32) * 2 ** 20
let last = FIRST

export class Calls {
  readonly #send: (request: object, signal: AbortSignal) => Promise<void>
  readonly #pending = new Map<unknown, Pending>()

  /** @param send gives a request to the service; the signal takes it back while it waits */
  constructor (send: (request: object, signal: AbortSignal) => Promise<void>) {
    this.#send = send
  }

  call (method: string, params: unknown, options: CallOptions): Promise<unknown> {
    const id = ++last
    return withDeadline(method, options, signal => new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#send(requestOf(method, params, id), signal).catch(reject)
    })).finally(() => this.#pending.delete(id))
  }

  /** What was asked of a conversation that is over is not answered any more. */
  fail (error: RealtimeError): void {
    for (const { reject } of this.#pending.values()) reject(error)
  }

  /**
   * Takes the answers out of what a service said: an object, or text with one or several lines of JSON.
   * @returns what is left of it, and is data; undefined where nothing is
   */
  take (said: unknown, notified: ((notification: RpcNotification) => void) | null): unknown {
    if (typeof said !== 'string') return this.#understand(said, notified) ? undefined : said
    if (this.#understand(parse(said), notified)) return undefined
    if (!said.includes('\n')) return said
    const lines = said.split('\n')
    const others = lines.filter(line => line.trim() === '' || !this.#understand(parse(line), notified))
    return others.length === lines.length ? said : others.some(line => line.trim() !== '') ? others.join('\n') : undefined
  }

  #understand (said: unknown, notified: ((notification: RpcNotification) => void) | null): boolean {
    if (typeof said !== 'object' || said === null) return false
    const pending = this.#pending.get((said as Answer).id)
    const { method, params } = said as { method?: unknown, params?: unknown }
    if (typeof method === 'string') {
      if (notified === null || 'id' in said) return false
      notified({ method, ...(params !== undefined && { params }) })
      return true
    }
    const { id, error, result } = said as Answer
    // An answer that is too late, or to somebody else of ours, is no data either.
    if (pending === undefined) return typeof id === 'number' && id > FIRST && id <= last
    if (error === undefined || error === null) pending.resolve(result)
    else pending.reject(new RpcError(error.code ?? 0, error.message ?? 'The service reports an error', error.data))
    return true
  }
}

/** A request, or a notification where there is no id. */
export function requestOf (method: string, params: unknown, id?: number): object {
  return { jsonrpc: '2.0', method, ...(params !== undefined && { params }), ...(id !== undefined && { id }) }
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
