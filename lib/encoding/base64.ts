import type { Encoding } from '../../types/index.js'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Bytes as they are, in Base64 (RFC 4648). What a client sends and is no Base64 is refused, not written as garbage. */
export const base64: Encoding = {
  encode (data) {
    if (Buffer.isBuffer(data)) return data
    return typeof data === 'string' && BASE64.test(data) ? Buffer.from(data, 'base64') : null
  },
  decoder: () => ({
    push: frame => frame.toString('base64'),
    end: () => undefined
  })
}
