import type { FrameDecoder, Framing } from '../../types/index.js'
import { delimiter } from './delimiter.js'
import { FrameTooLong } from './frame-too-long.js'

const LF = 10
const CR = 13

const byLineFeed = delimiter({ delimiter: '\n' })

/**
 * One message a line, ended by LF or CRLF. A line that the service left unfinished when it
 * ended is a message too. What is written gets LF; a message with a line break inside is refused,
 * or a client could write several.
 */
export const lines: Framing = {
  whole: true,
  encode: message => byLineFeed.encode(withoutBreak(message)),
  decoder: bound => new LineDecoder(bound)
}

class LineDecoder implements FrameDecoder {
  readonly #bound: number
  readonly #frames: FrameDecoder

  constructor (bound: number) {
    this.#bound = bound
    // One more for the CR that may stand before the LF.
    this.#frames = byLineFeed.decoder(bound + 1)
  }

  push (chunk: Buffer): Buffer[] {
    return this.#trim(this.#lines(chunk))
  }

  end (): Buffer[] {
    return this.#trim(this.#frames.end())
  }

  #lines (chunk: Buffer): Buffer[] {
    try {
      return this.#frames.push(chunk)
    } catch (error) {
      if (!(error instanceof FrameTooLong)) throw error
      throw new FrameTooLong(this.#bound, this.#trim([...error.before]))
    }
  }

  #trim (frames: Buffer[]): Buffer[] {
    for (const [index, frame] of frames.entries()) {
      const line = frame[frame.length - 1] === CR ? frame.subarray(0, -1) : frame
      if (line.length > this.#bound) throw new FrameTooLong(this.#bound, frames.slice(0, index))
      frames[index] = line
    }
    return frames
  }
}

function withoutBreak (message: Buffer): Buffer {
  const { length } = message
  if (message[length - 1] !== LF) return message
  return message.subarray(0, message[length - 2] === CR ? length - 2 : length - 1)
}
