import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../types/index.js'
import type { BrowserCookie } from './cookie.js'

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
    return {
      address: request.ip,
      url: this.#urlOf(request),
      headers: chosen(request.headers),
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

// One by one: a loop over names is a search in a table for each, and half of what a caller costs.
function chosen ({ host, origin, 'user-agent': userAgent, 'accept-language': language, 'x-forwarded-for': forwarded }: IncomingHttpHeaders): Record<string, string> {
  const headers: Record<string, string> = {}
  if (host !== undefined) headers.host = host
  if (origin !== undefined) headers.origin = origin
  if (userAgent !== undefined) headers['user-agent'] = userAgent
  if (language !== undefined) headers['accept-language'] = language
  if (typeof forwarded === 'string') headers['x-forwarded-for'] = forwarded
  return headers
}
