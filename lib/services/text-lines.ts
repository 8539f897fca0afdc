import { FrameTooLong } from '../framing/frame-too-long.js'
import { Interrupted } from './interrupted.js'
import type { Parcel, Translator, Unwritable } from './translator.js'

const LF = 10
const CR = 13

/**
 * Lines of text, the way of most services: what comes in one read is decoded once and then split, which costs a
 * fifth of lines cut out and decoded one by one. It reads and refuses what `lines` over `utf8` does.
 */
export class TextLines implements Translator {
  readonly #bound: number
  readonly #other: Translator
  // The line that is not finished yet.
  #begun: Buffer[] = []
  #length = 0

  /**
   * @param bound bytes of the longest line
   * @param other writes what is not plainly one line
   */
  constructor (bound: number, other: Translator) {
    this.#bound = bound
    this.#other = other
  }

  read (chunk: Buffer): string[] {
    const end = chunk.lastIndexOf(LF)
    const lines = end === -1 ? [] : this.#split(this.#join(chunk.subarray(0, end)))
    if (end < chunk.length - 1) this.#begin(chunk.subarray(end + 1), lines)
    return lines
  }

  #join (last: Buffer): Buffer {
    if (this.#length === 0) return last
    const whole = Buffer.concat([...this.#begun, last])
    this.#begun = []
    this.#length = 0
    return whole
  }

  #split (bytes: Buffer): string[] {
    // A read that is shorter than the longest line holds none that is too long.
    if (bytes.length > this.#bound) this.#check(bytes)
    const text = bytes.toString('utf8')
    const lines = text.split('\n')
    return text.includes('\r') ? lines.map(withoutReturn) : lines
  }

  #check (bytes: Buffer): void {
    for (let from = 0; from <= bytes.length;) {
      const found = bytes.indexOf(LF, from)
      const end = found === -1 ? bytes.length : found
      const length = end - from - (end > from && bytes[end - 1] === CR ? 1 : 0)
      if (length > this.#bound) throw new Interrupted(new FrameTooLong(this.#bound, []), from === 0 ? [] : this.#split(bytes.subarray(0, from - 1)))
      from = end + 1
    }
  }

  #begin (bytes: Buffer, before: readonly string[]): void {
    this.#begun.push(bytes)
    this.#length += bytes.length
    // One more for the CR that may stand before the LF.
    if (this.#length > this.#bound + 1) throw new Interrupted(new FrameTooLong(this.#bound, []), before)
  }

  end (): string[] {
    if (this.#length === 0) return []
    const bytes = this.#join(Buffer.alloc(0))
    const line = bytes[bytes.length - 1] === CR ? bytes.subarray(0, -1) : bytes
    if (line.length > this.#bound) throw new FrameTooLong(this.#bound, [])
    return [line.toString('utf8')]
  }

  write (data: unknown): Parcel | Unwritable {
    if (typeof data !== 'string' || data.includes('\n')) return this.#other.write(data)
    const chunk = Buffer.from(data + '\n')
    return { chunk, bytes: chunk.length }
  }
}

function withoutReturn (line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
