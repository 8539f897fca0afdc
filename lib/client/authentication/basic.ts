import type { Credentials } from './credentials.js'

/**
 * Basic authentication (RFC 7617), in UTF-8. The password goes over the wire as it is: use it over https.
 * @throws TypeError where the name has a colon
 */
export function basic (username: string, password: string): Credentials {
  if (username.includes(':')) throw new TypeError('A name in Basic authentication has no colon')
  const bytes = new TextEncoder().encode(`${username}:${password}`)
  const header = `Basic ${btoa(String.fromCharCode(...bytes))}`
  return { scheme: 'Basic', authorization: () => header }
}
