import * as ws from 'ws'

// ws can do this, though its types do not say so: header and payload of a frame.
const { frame } = (ws as unknown as { Sender: { frame (data: Buffer, options: object): Buffer[] } }).Sender

/** The bytes of one text frame of a server. */
export function serverFrame (text: string): Buffer {
  return Buffer.concat(frame(Buffer.from(text), { fin: true, opcode: 1, mask: false, readOnly: false, rsv1: false }))
}

/** Joins what is written to a socket in one turn of the event loop into one write. */
export class Corked {
  static #dirty: Corked[] = []
  readonly #socket: { write (bytes: Buffer): unknown }
  #frames: Buffer[] = []

  constructor (socket: { write (bytes: Buffer): unknown }) {
    this.#socket = socket
  }

  write (bytes: Buffer): void {
    if (this.#frames.length === 0) {
      if (Corked.#dirty.length === 0) setImmediate(Corked.#flush)
      Corked.#dirty.push(this)
    }
    this.#frames.push(bytes)
  }

  static readonly #flush = () => {
    const dirty = Corked.#dirty
    Corked.#dirty = []
    for (const each of dirty) {
      const frames = each.#frames
      each.#frames = []
      each.#socket.write(frames.length === 1 ? frames[0] as Buffer : Buffer.concat(frames))
    }
  }
}
