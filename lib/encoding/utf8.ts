import { StringDecoder } from 'node:string_decoder'
import type { Encoding } from '../../types/index.js'

/**
 * Text. A character is never cut: where frames may end inside one, its first bytes wait for the rest.
 * Invalid bytes become U+FFFD. A client's string is written as it is, bytes of the binary extension
 * too, any other value as its JSON.
 */
export const utf8: Encoding = {
  encode: data => Buffer.isBuffer(data) ? data : Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)),
  decoder (whole) {
    if (whole) return { push: frame => frame.toString('utf8'), end: () => undefined }
    const decoder = new StringDecoder('utf8')
    const some = (text: string) => text === '' ? undefined : text
    return { push: frame => some(decoder.write(frame)), end: () => some(decoder.end()) }
  }
}
