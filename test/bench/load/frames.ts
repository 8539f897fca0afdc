/** WebSocket frames of a client, made before the clock runs (RFC 6455, section 5.2). */
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

/** A masked frame with a text, or with bytes. */
export function clientFrame (payload: string | Buffer, opcode: number = typeof payload === 'string' ? 1 : 2): Buffer {
  const bytes = Buffer.from(payload)
  const { length } = bytes
  const header = length < 126 ? 2 : length < 65536 ? 4 : 10
  const frame = Buffer.alloc(header + 4 + length)
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | (header === 2 ? length : header === 4 ? 126 : 127)
  if (header === 4) frame.writeUInt16BE(length, 2)
  if (header === 10) frame.writeBigUInt64BE(BigInt(length), 2)
  MASK.copy(frame, header)
  for (let at = 0; at < length; at++) frame[header + 4 + at] = (bytes[at] as number) ^ (MASK[at & 3] as number)
  return frame
}

/** Takes frames of a server out of a stream of bytes. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** @returns the frames that are complete: opcode and payload */
  push (chunk: Buffer): { opcode: number, payload: Buffer }[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames = []
    let at = 0
    while (at + 2 <= bytes.length) {
      const short = (bytes[at + 1] as number) & 0x7f
      const header = short < 126 ? 2 : short === 126 ? 4 : 10
      if (at + header > bytes.length) break
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
      if (at + header + length > bytes.length) break
      frames.push({ opcode: (bytes[at] as number) & 0x0f, payload: bytes.subarray(at + header, at + header + length) })
      at += header + length
    }
    this.#rest = bytes.subarray(at)
    return frames
  }
}
