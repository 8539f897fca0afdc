import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../types/index.js'
import type { BrowserCookie } from './cookie.js'

const KEPT = ['host', 'origin', 'user-agent', 'accept-language', 'x-forwarded-for'] as const

/** What the broker may know of a request, as a plain value. */
export function callerOf (request: FastifyRequest, cookie: BrowserCookie, transport: string, path: string): Caller {
  const headers: Record<string, string> = {}
  for (const name of KEPT) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const url = `${request.protocol}://${request.host}${path}`
  return {
    address: request.ip,
    url: URL.canParse(url) ? url : `${request.protocol}://localhost${path}`,
    headers,
    cookie: cookie.value,
    cookieCame: cookie.came,
    multiplexed: request.raw.httpVersionMajor > 1,
    transport
  }
}
