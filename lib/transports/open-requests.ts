import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * The HTTP requests that are not answered yet. One whose body does not come in time is answered 408, and
 * what is still open when the server has drained is cut: a half-sent body would keep it from closing.
 */
export class OpenRequests {
  readonly #open = new Set<FastifyReply>()
  readonly #bodyTimeout: number

  /** @param bodyTimeout ms */
  constructor (bodyTimeout: number) {
    this.#bodyTimeout = bodyTimeout
  }

  /** A request begins: its headers are here. @returns to be called when its body is here too */
  begin (request: FastifyRequest, reply: FastifyReply): () => void {
    const timer = setTimeout(() => this.#late(request, reply), this.#bodyTimeout).unref()
    this.#open.add(reply)
    reply.raw.once('close', () => {
      clearTimeout(timer)
      this.#open.delete(reply)
    })
    return () => clearTimeout(timer)
  }

  #late (request: FastifyRequest, reply: FastifyReply): void {
    reply.raw.once('finish', () => request.raw.destroy())
    reply.code(408).header('connection', 'close').send({ statusCode: 408, error: 'Request Timeout', message: 'The body did not come in time' })
  }

  /** Waits until all are answered, `ms` at most, then cuts the rest. */
  async close (ms: number): Promise<void> {
    const closed = Promise.all([...this.#open].map(reply => new Promise(resolve => reply.raw.once('close', resolve))))
    const timeout = setTimeout(() => {
      for (const reply of this.#open) reply.raw.destroy()
    }, ms)
    await closed
    clearTimeout(timeout)
  }
}
