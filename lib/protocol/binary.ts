/**
 * CometD's binary extension (docs/protocol.md, section 9): bytes travel in JSON as Z85 text
 * (ZeroMQ RFC 32), of any length: a rest of n bytes is n + 1 characters.
 */

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
const HIGHEST = ALPHABET.length - 1
const values = new Map([...ALPHABET].map((character, value) => [character, value]))

/** The text of some bytes. */
export function encodeZ85 (bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    let value = 0
    for (let index = 0; index < 4; index++) value = value * 256 + (bytes[at + index] ?? 0)
    let group = ''
    for (let index = 0; index < 5; index++) {
      group = ALPHABET[value % 85] + group
      value = Math.floor(value / 85)
    }
    text += group.slice(0, bytes.length - at + 1)
  }
  return text
}

/** The bytes of a text, or null where it is no Z85. */
export function decodeZ85 (text: string): Buffer | null {
  const rest = text.length % 5
  if (rest === 1) return null
  const bytes = Buffer.alloc(Math.ceil(text.length / 5) * 4)
  for (let at = 0; at < text.length; at += 5) {
    let value = 0
    for (let index = 0; index < 5; index++) {
      const character = text[at + index]
      const digit = character === undefined ? HIGHEST : values.get(character)
      if (digit === undefined) return null
      value = value * 85 + digit
    }
    if (value > 0xffffffff) return null
    bytes.writeUInt32BE(value, at / 5 * 4)
  }
  return rest === 0 ? bytes : bytes.subarray(0, bytes.length - 5 + rest)
}

/**
 * The `data` of a message as a service is to get it: with `ext.binary` its bytes, else as it is.
 * @returns undefined where there is none, or what should be Z85 is not
 */
export function plainData ({ data, ext }: { readonly data?: unknown, readonly ext?: Readonly<Record<string, unknown>> }): unknown {
  if (ext?.binary === undefined || data === undefined || data === null) return data
  const text = typeof data === 'object' ? (data as { data?: unknown }).data : undefined
  return typeof text === 'string' ? decodeZ85(text) ?? undefined : undefined
}
