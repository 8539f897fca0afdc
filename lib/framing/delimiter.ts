import type { FrameDecoder, Framing } from '../../types/index.js'
import { Begun } from './begun.js'
import { FrameTooLong } from './frame-too-long.js'

/** What stands between two messages: text, or any bytes. */
export interface DelimiterOptions {
  readonly delimiter: string | readonly number[]
}

/**
 * Messages with a delimiter after each. What the service left unfinished when it ended is a message too;
 * a message that holds the delimiter, or makes one with what follows, cannot be written.
 */
export function delimiter ({ delimiter }: DelimiterOptions): Framing {
  const end = Buffer.from(delimiter as string)
  return {
    whole: true,
    encode (message) {
      const framed = Buffer.concat([message, end])
      // The delimiter may also begin inside the message: `-` with `--` after it.
      return framed.indexOf(end) === message.length ? framed : null
    },
    decoder: bound => new DelimiterDecoder(end, bound)
  }
}

class DelimiterDecoder implements FrameDecoder {
  readonly #end: Buffer
  readonly #bound: number
  readonly #begun = new Begun()
  // Bytes at the head of what is begun that hold no delimiter.
  #searched = 0

  constructor (end: Buffer, bound: number) {
    this.#end = end
    this.#bound = bound
  }

  push (chunk: Buffer): Buffer[] {
    const frames: Buffer[] = []
    this.#begun.add(chunk)
    for (let at = this.#find(); at !== -1; at = this.#find()) {
      if (at > this.#bound) throw new FrameTooLong(this.#bound, frames)
      frames.push(this.#begun.take(at))
      this.#begun.take(this.#end.length)
      this.#searched = 0
    }
    if (this.#searched > this.#bound) throw new FrameTooLong(this.#bound, frames)
    return frames
  }

  end (): Buffer[] {
    if (this.#begun.length > this.#bound) throw new FrameTooLong(this.#bound, [])
    return this.#begun.length === 0 ? [] : [this.#begun.take(this.#begun.length)]
  }

  #find (): number {
    const at = this.#begun.bytes.indexOf(this.#end, this.#searched)
    // Its first bytes may have come already.
    if (at === -1) this.#searched = Math.max(0, this.#begun.length - this.#end.length + 1)
    return at
  }
}
