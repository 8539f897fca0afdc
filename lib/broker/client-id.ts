/** New clientIds: letters and digits only, with more than 160 random bits (docs/protocol.md, section 1). */

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
// 62^27 is just above 2^160.
const LENGTH = 27
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

export function newClientId (): string {
  let id = ''
  while (id.length < LENGTH) {
    const byte = randomByte()
    if (byte < FAIR) id += ALPHABET[byte % ALPHABET.length]
  }
  return id
}
