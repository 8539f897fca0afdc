import type { Credentials } from './credentials.js'

/**
 * A bearer token (RFC 6750). Over HTTP it is in the header; since a browser's WebSocket has no headers of its own,
 * it also goes in `ext` of handshakes and connects.
 * @param field of `ext`; null keeps it out
 */
export function bearer (token: string, field: string | null = 'token'): Credentials {
  return {
    scheme: 'Bearer',
    authorization: () => `Bearer ${token}`,
    ...(field !== null && { ext: { [field]: token } })
  }
}
