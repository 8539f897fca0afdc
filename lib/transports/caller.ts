import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../types/index.js'
import type { BrowserCookie } from './cookie.js'

const KEPT = ['host', 'origin', 'user-agent', 'accept-language', 'x-forwarded-for'] as const

/** What the broker may know of requests, as plain values. */
export class Callers {
  readonly #path: string
  // The host that was asked for last and the URL there: mostly the next request asks for the same.
  #base = ''
  #url = ''

  /** @param path of the gateway, as clients see it */
  constructor (path: string) {
    this.#path = path
  }

  callerOf (request: FastifyRequest, cookie: BrowserCookie, transport: string): Caller {
    const headers: Record<string, string> = {}
    for (const name of KEPT) {
      const value = request.headers[name]
      if (typeof value === 'string') headers[name] = value
    }
    return {
      address: request.ip,
      url: this.#urlOf(request),
      headers,
      cookie: cookie.value,
      cookieCame: cookie.came,
      multiplexed: request.raw.httpVersionMajor > 1,
      transport
    }
  }

  #urlOf ({ protocol, host }: FastifyRequest): string {
    const base = `${protocol}://${host}`
    if (base !== this.#base) {
      const url = base + this.#path
      this.#url = URL.canParse(url) ? url : `${protocol}://localhost${this.#path}`
      this.#base = base
    }
    return this.#url
  }
}
