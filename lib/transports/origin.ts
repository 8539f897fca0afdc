import type { FastifyRequest } from 'fastify'

/**
 * May this page speak? Browsers send cookies with any upgrade, and CORS does not apply to it.
 * - `own`: no browser, or the same host
 * - `allowed`: a foreign origin that is in `origins`
 * - `foreign`: 403, before anything is read
 */
export function originOf (request: FastifyRequest, origins: readonly string[]): 'own' | 'allowed' | 'foreign' {
  const { origin } = request.headers
  if (origin === undefined) return 'own'
  if (sameHost(origin, request.host)) return 'own'
  return origins.includes(origin) || origins.includes('*') ? 'allowed' : 'foreign'
}

function sameHost (origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`
}
