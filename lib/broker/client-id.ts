/** New clientIds: letters and digits only, with more than 160 random bits (docs/protocol.md, section 1). */

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
// 62^27 is just above 2^160.
export const CLIENT_ID_LENGTH = 27
// The largest multiple of 62 in a byte: what lies above it would favour the first letters.
const FAIR = 248

const pool = new Uint8Array(4096)
let next = pool.length

function randomByte (): number {
  if (next === pool.length) {
    crypto.getRandomValues(pool)
    next = 0
  }
  return pool[next++] as number
}

/** A new clientId. It is made as one text: added letter by letter it would weigh ten times as much for as long as it lives. */
export function newClientId (): string {
  const letters = new Array<string>(CLIENT_ID_LENGTH)
  for (let at = 0; at < CLIENT_ID_LENGTH;) {
    const byte = randomByte()
    if (byte < FAIR) letters[at++] = ALPHABET[byte % ALPHABET.length] as string
  }
  return letters.join('')
}
