import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Where a request keeps its {@link OpenRequest}: a property, for a look-up in a map costs each request more. */
export const openKey = Symbol('fastify-bayeux open request')

declare module 'node:http' {
  interface ServerResponse {
    [openKey]?: OpenRequest
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    [openKey]: OpenRequest | null
  }
}

/** An HTTP request from its headers to the end of its response. */
export interface OpenRequest {
  readonly reply: FastifyReply
  /** How many looks had been taken when it began. */
  readonly begun: number
  /** Where it stands among the others. */
  place: number
  /** Whether its body is here, or none is waited for. */
  arrived: boolean
  /** What answers it; told when its response is over, sent or not. No closure: one a request outlived it by far. */
  exchange: { closed (): void } | null
}

/** The body of a request is here. For a parser, and not for a hook: whoever brings hooks may take their time after it. */
export function arrived (request: FastifyRequest): void {
  (request[openKey] as OpenRequest).arrived = true
}

// So often is looked for late bodies while one may still come in time.
const LOOKS = 4

/**
 * The HTTP requests that are not answered yet. One whose body does not come in time is answered 408, and
 * what is still open when the server has drained is cut: a half-sent body would keep it from closing.
 */
export class OpenRequests {
  // A list, in no order: a Set of what comes and goes so fast is made anew all the time.
  readonly #open: OpenRequest[] = []
  readonly #bodyTimeout: number
  readonly #closed: (this: ServerResponse) => void
  #looks = 0
  #sweep: NodeJS.Timeout | null = null

  /** @param bodyTimeout ms */
  constructor (bodyTimeout: number) {
    this.#bodyTimeout = bodyTimeout
    const all = this.#open
    this.#closed = function () {
      const open = this[openKey] as OpenRequest
      const last = all.pop() as OpenRequest
      // The last takes its place; maybe it is the last itself.
      if (last !== open) all[last.place = open.place] = last
      open.exchange?.closed()
    }
  }

  /** A request begins: its headers are here. */
  begin (request: FastifyRequest, reply: FastifyReply): OpenRequest {
    const open: OpenRequest = { reply, begun: this.#looks, place: this.#open.length, arrived: request.method !== 'POST', exchange: null }
    this.#open.push(open)
    // One listener for all who want to know, and the same for all requests: each weighs as much as a small message.
    reply.raw[openKey] = open
    reply.raw.on('close', this.#closed)
    this.#sweep ??= setInterval(() => this.#look(), Math.max(20, this.#bodyTimeout / LOOKS)).unref()
    return open
  }

  // No timer a request, but one look at all of them now and then. The first after it began may be at once, so it does not count.
  #look (): void {
    this.#looks++
    for (const open of [...this.#open]) if (!open.arrived && this.#looks - open.begun > LOOKS) this.#refuse(open)
  }

  #refuse (open: OpenRequest): void {
    const { reply } = open
    open.arrived = true
    reply.raw.once('finish', () => reply.request.raw.destroy())
    reply.code(408).header('connection', 'close').send({ statusCode: 408, error: 'Request Timeout', message: 'The body did not come in time' })
  }

  /** Waits until all are answered, `ms` at most, then cuts the rest. */
  async close (ms: number): Promise<void> {
    const closed = Promise.all([...this.#open].map(({ reply }) => new Promise(resolve => reply.raw.once('close', resolve))))
    const timeout = setTimeout(() => {
      for (const { reply } of [...this.#open]) reply.raw.destroy()
    }, ms)
    await closed
    clearTimeout(timeout)
    if (this.#sweep !== null) clearInterval(this.#sweep)
  }
}
