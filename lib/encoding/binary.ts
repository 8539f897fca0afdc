import type { Encoding } from '../../types/index.js'
import { encodeZ85 } from '../protocol/binary.js'

/** Bytes as they are, by CometD's binary extension: Z85 in `data.data`, `ext.binary` beside it. */
export const binary: Encoding = {
  ext: { binary: {} },
  // The extension has decoded them already; anything else came without it.
  encode: data => Buffer.isBuffer(data) ? data : null,
  decoder: () => ({
    push: frame => ({ data: encodeZ85(frame), last: true }),
    end: () => undefined
  })
}
