import type { FrameDecoder, Framing } from '../../types/index.js'
import { Begun } from './begun.js'
import { FrameTooLong } from './frame-too-long.js'
import { Malformed } from './malformed.js'

/** How the length before each message is written. */
export interface LengthPrefixedOptions {
  readonly bytes: 1 | 2 | 4
  /** Which byte comes first; `big` by default. */
  readonly endian?: 'big' | 'little'
  /** Whether the length counts its own bytes; it does not by default. */
  readonly inclusive?: boolean
}

/** Messages with their length before each. One that the service left unfinished when it ended is none. */
export function lengthPrefixed (options: LengthPrefixedOptions): Framing {
  const { bytes, endian = 'big', inclusive = false } = options
  const own = inclusive ? bytes : 0
  const most = 256 ** bytes - 1
  return {
    whole: true,
    encode (message) {
      if (message.length + own > most) return null
      const framed = Buffer.allocUnsafe(bytes + message.length)
      if (endian === 'big') framed.writeUIntBE(message.length + own, 0, bytes)
      else framed.writeUIntLE(message.length + own, 0, bytes)
      message.copy(framed, bytes)
      return framed
    },
    decoder: bound => new LengthDecoder(bytes, endian, own, bound)
  }
}

class LengthDecoder implements FrameDecoder {
  readonly #bytes: number
  readonly #endian: 'big' | 'little'
  readonly #own: number
  readonly #bound: number
  readonly #begun = new Begun()

  constructor (bytes: number, endian: 'big' | 'little', own: number, bound: number) {
    this.#bytes = bytes
    this.#endian = endian
    this.#own = own
    this.#bound = bound
  }

  push (chunk: Buffer): Buffer[] {
    const frames: Buffer[] = []
    this.#begun.add(chunk)
    while (this.#begun.length >= this.#bytes) {
      const length = this.#length()
      if (length < 0) throw new Malformed('a length that does not even count itself', frames)
      if (length > this.#bound) throw new FrameTooLong(this.#bound, frames)
      if (this.#begun.length < this.#bytes + length) break
      this.#begun.take(this.#bytes)
      frames.push(this.#begun.take(length))
    }
    return frames
  }

  end (): Buffer[] {
    return []
  }

  #length (): number {
    const { bytes } = this.#begun
    return (this.#endian === 'big' ? bytes.readUIntBE(0, this.#bytes) : bytes.readUIntLE(0, this.#bytes)) - this.#own
  }
}
