import type { IncomingMessage } from 'node:http'
import { newClientId } from '../broker/client-id.js'

/** Tells browsers apart and proves who owns a session (docs/protocol.md, section 7). */
export const BROWSER_COOKIE = 'BAYEUX_BROWSER'

const VALUE = new RegExp(`(?:^|;)\\s*${BROWSER_COOKIE}=([A-Za-z0-9]{20,64})(?=\\s*(?:;|$))`)

/** The cookie of a request: the one that it brought, or a new one to set with the answer. */
export interface BrowserCookie {
  readonly value: string
  readonly came: boolean
}

/** Where a request keeps its {@link BrowserCookie}. */
export const cookieKey = Symbol('fastify-bayeux cookie')

declare module 'fastify' {
  interface FastifyRequest {
    [cookieKey]: BrowserCookie | null
  }
}

export function browserCookie (header: string | undefined): BrowserCookie {
  const value = header === undefined ? undefined : VALUE.exec(header)?.[1]
  return value === undefined ? { value: newClientId(), came: false } : { value, came: true }
}

/**
 * The value of `Set-Cookie`.
 * @param secure whether the client came over https
 * @param crossSite whether it came from an allowed foreign origin
 */
export function setCookie (value: string, path: string, secure: boolean, crossSite: boolean): string {
  const site = secure && crossSite ? 'None' : 'Lax'
  return `${BROWSER_COOKIE}=${value}; Path=${path}; HttpOnly; SameSite=${site}${secure ? '; Secure' : ''}`
}

/** Cookies for the 101 of upgrades, until it is written; the WebSocket server asks for them by the raw request. */
export type UpgradeCookies = WeakMap<IncomingMessage, string>
