import { RPC } from '../protocol/channel.js'
import type { ClientCall } from '../protocol/message.js'
import { RpcError } from './json-rpc.js'
import type { Publisher } from './publisher.js'
import type { Wire } from './wire.js'

/** Answers a call of the gateway: with what it returns or resolves to; where it throws, with a no. */
export type Handler = (params: any) => unknown

// Of JSON-RPC 2.0.
const UNKNOWN_METHOD = -32601
const FAILED = -32603

/** What the client answers when the gateway calls it. */
export class Answers {
  readonly #handlers = new Map<string, Handler>()
  readonly #publisher: Publisher

  constructor (wire: Wire, publisher: Publisher) {
    this.#publisher = publisher
    wire.addListener(RPC, ({ data }) => this.#answer(data as ClientCall))
  }

  /** @returns stops answering */
  handle (method: string, handler: Handler): () => void {
    this.#handlers.set(method, handler)
    return () => {
      if (this.#handlers.get(method) === handler) this.#handlers.delete(method)
    }
  }

  async #answer ({ id, method, params }: ClientCall): Promise<void> {
    // An answer that comes twice is refused the second time.
    const say = (answer: object) => this.#publisher.publish(RPC, { jsonrpc: '2.0', id, ...answer }, { retry: true })
    try {
      const handler = this.#handlers.get(method)
      if (handler === undefined) throw new RpcError(UNKNOWN_METHOD, 'Method not found')
      await say({ result: await handler(params) })
    } catch (error) {
      const { code, message, data } = error instanceof RpcError ? error : new RpcError(FAILED, String((error as Error)?.message ?? error))
      await say({ error: { code, message, data } }).catch(() => {})
    }
  }
}
