import type { FrameDecoder, Framing } from '../../types/index.js'
import { Begun } from './begun.js'
import { FrameTooLong } from './frame-too-long.js'
import { Malformed } from './malformed.js'

const GAP = '\r\n\r\n'
// A head is a few lines; more is no head.
const LONGEST_HEAD = 4096
const LENGTH = /^content-length:[ \t]*(\d{1,10})[ \t]*$/im

/**
 * Messages with a head of their own, as the Language Server Protocol has them: `Content-Length: N`, an
 * empty line, then N bytes. Other header fields are allowed and ignored.
 */
export const contentLength: Framing = {
  whole: true,
  encode: message => Buffer.concat([Buffer.from(`Content-Length: ${message.length}${GAP}`), message]),
  decoder: bound => new ContentLengthDecoder(bound)
}

class ContentLengthDecoder implements FrameDecoder {
  readonly #bound: number
  readonly #begun = new Begun()
  // Length of the message whose head was read, -1 while there is none.
  #expected = -1
  #searched = 0

  constructor (bound: number) {
    this.#bound = bound
  }

  push (chunk: Buffer): Buffer[] {
    const frames: Buffer[] = []
    this.#begun.add(chunk)
    while (this.#expected >= 0 || this.#readHead(frames)) {
      if (this.#begun.length < this.#expected) break
      frames.push(this.#begun.take(this.#expected))
      this.#expected = -1
    }
    return frames
  }

  end (): Buffer[] {
    return []
  }

  #readHead (before: readonly Buffer[]): boolean {
    const at = this.#begun.bytes.indexOf(GAP, this.#searched)
    this.#searched = at === -1 ? Math.max(0, this.#begun.length - GAP.length + 1) : at
    if (this.#searched > LONGEST_HEAD) throw new Malformed('a head that never ends', before)
    if (at === -1) return false
    const length = LENGTH.exec(this.#begun.take(at).toString('latin1'))?.[1]
    if (length === undefined) throw new Malformed('a head without Content-Length', before)
    if (Number(length) > this.#bound) throw new FrameTooLong(this.#bound, before)
    this.#begun.take(GAP.length)
    this.#searched = 0
    this.#expected = Number(length)
    return true
  }
}
