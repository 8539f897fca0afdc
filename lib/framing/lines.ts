import type { FrameDecoder, Framing } from '../../types/index.js'
import { FrameTooLong } from './frame-too-long.js'

const LF = 10
const CR = 13

/**
 * One message a line, ended by LF or CRLF. A line that the service left unfinished when it
 * ended is a message too. What is written gets LF; a message with a line break inside is refused,
 * or a client could write several.
 */
export const lines: Framing = {
  whole: true,
  encode (message) {
    const line = withoutBreak(message)
    return line.includes(LF) ? null : Buffer.concat([line, Buffer.of(LF)])
  },
  decoder: bound => new LineDecoder(bound)
}

class LineDecoder implements FrameDecoder {
  readonly #bound: number
  // A line whose end has not come yet. It holds no LF, so only new bytes are ever searched.
  #begun = Buffer.alloc(0)
  #length = 0

  constructor (bound: number) {
    this.#bound = bound
  }

  push (chunk: Buffer): Buffer[] {
    const frames: Buffer[] = []
    let from = 0
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, from)) {
      frames.push(this.#finish(chunk.subarray(from, at), frames))
      from = at + 1
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from), frames)
    return frames
  }

  end (): Buffer[] {
    return this.#length === 0 ? [] : [this.#finish(Buffer.alloc(0), [])]
  }

  #keep (piece: Buffer, before: readonly Buffer[]): void {
    const length = this.#length + piece.length
    // One more for the CR that may stand before the LF.
    if (length > this.#bound + 1) throw new FrameTooLong(this.#bound, before)
    if (length > this.#begun.length) {
      // Doubling keeps a line that comes byte by byte linear.
      const roomier = Buffer.allocUnsafe(2 * length)
      this.#begun.copy(roomier, 0, 0, this.#length)
      this.#begun = roomier
    }
    piece.copy(this.#begun, this.#length)
    this.#length = length
  }

  #finish (rest: Buffer, before: readonly Buffer[]): Buffer {
    let line = rest
    if (this.#length > 0) {
      line = Buffer.concat([this.#begun.subarray(0, this.#length), rest])
      this.#begun = Buffer.alloc(0)
      this.#length = 0
    }
    if (line[line.length - 1] === CR) line = line.subarray(0, -1)
    if (line.length > this.#bound) throw new FrameTooLong(this.#bound, before)
    return line
  }
}

function withoutBreak (message: Buffer): Buffer {
  const { length } = message
  if (message[length - 1] !== LF) return message
  return message.subarray(0, message[length - 2] === CR ? length - 2 : length - 1)
}
