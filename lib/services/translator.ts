/** Between a Duplex and the data of messages: what comes in chunks is read, what clients say is written. */
import type { Box, DataDecoder, Encoding, FrameDecoder, Framing, ServiceDuplex } from '../../types/index.js'
import { encodings } from '../encoding/index.js'
import { FrameTooLong } from '../framing/frame-too-long.js'
import { lines } from '../framing/lines.js'
import { Interrupted } from './interrupted.js'
import { TextLines } from './text-lines.js'

/** One message as the Duplex takes it, and what it weighs. */
export interface Parcel {
  readonly chunk: Buffer | Box
  readonly bytes: number
}

/** Why a message cannot be written: the code of the refusal. */
export type Unwritable = 413 | 422

export interface Translator {
  /**
   * @returns the data that is complete now; `UNREADABLE` for what cannot be read
   * @throws Interrupted
   */
  read (chunk: Buffer | Box): unknown[]
  /** The service said its last: what was held back. */
  end (): unknown[]
  write (data: unknown): Parcel | Unwritable
}

/**
 * @param bound bytes of the longest message of the service
 * @throws where the encoding needs whole messages, and the framing does not give them
 */
export function translatorOf (duplex: ServiceDuplex, framing: Framing, encoding: Encoding, bound: number): Translator {
  if (duplex.readableObjectMode) return new Boxes(encoding, bound, duplex.longest ?? Infinity)
  if (encoding.wholeOnly === true && !framing.whole) throw new Error('this encoding needs a framing that keeps messages whole')
  const bytes = new Bytes(framing, encoding, bound)
  return framing === lines && encoding === encodings.utf8 ? new TextLines(bound, bytes) : bytes
}

const isSomething = (data: unknown) => data !== undefined

/** A stream of bytes: framing, then encoding. */
class Bytes implements Translator {
  readonly #framing: Framing
  readonly #encoding: Encoding
  readonly #frames: FrameDecoder
  readonly #data: DataDecoder

  constructor (framing: Framing, encoding: Encoding, bound: number) {
    this.#framing = framing
    this.#encoding = encoding
    this.#frames = framing.decoder(bound)
    this.#data = encoding.decoder(framing.whole)
  }

  read (chunk: Buffer): unknown[] {
    try {
      return this.#decode(this.#frames.push(chunk))
    } catch (error) {
      const { before = [] } = error as { before?: readonly Buffer[] }
      throw new Interrupted(error, this.#decode(before))
    }
  }

  end (): unknown[] {
    return [...this.#decode(this.#frames.end()), this.#data.end()].filter(isSomething)
  }

  write (data: unknown): Parcel | Unwritable {
    const encoded = this.#encoding.encode(data)
    const chunk = encoded === null ? null : this.#framing.encode(encoded)
    return chunk === null ? 422 : { chunk, bytes: chunk.length }
  }

  #decode (frames: readonly Buffer[]): unknown[] {
    return frames.map(frame => this.#data.push(frame)).filter(isSomething)
  }
}

/** Messages in boxes: bytes in them go through the encoding, values are what they are. */
class Boxes implements Translator {
  readonly #encoding: Encoding
  readonly #bound: number
  readonly #longest: number
  readonly #data: DataDecoder

  constructor (encoding: Encoding, bound: number, longest: number) {
    this.#encoding = encoding
    this.#bound = bound
    this.#longest = longest
    this.#data = encoding.decoder(true)
  }

  read ({ data }: Box): unknown[] {
    if (data === undefined) return []
    if (!Buffer.isBuffer(data)) return [data]
    if (data.length > this.#bound) throw new Interrupted(new FrameTooLong(this.#bound, []))
    return [this.#data.push(data)]
  }

  end (): unknown[] {
    return []
  }

  write (data: unknown): Parcel | Unwritable {
    if (this.#encoding.values === true) return { chunk: { data }, bytes: weightOf(data) }
    const bytes = this.#encoding.encode(data)
    if (bytes === null) return 422
    return bytes.length > this.#longest ? 413 : { chunk: { data: bytes }, bytes: bytes.length }
  }
}

function weightOf (data: unknown): number {
  if (Buffer.isBuffer(data)) return data.length
  return typeof data === 'string' ? Buffer.byteLength(data) : (encodings.json.encode(data) as Buffer).length
}
