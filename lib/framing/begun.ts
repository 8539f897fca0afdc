const NOTHING = Buffer.alloc(0)

/**
 * Bytes of a message whose end has not come yet. A chunk that needs no company is not copied, and what
 * comes byte by byte is copied a bounded number of times. Views that were taken stay as they are.
 */
export class Begun {
  #store: Buffer = NOTHING
  #from = 0
  #to = 0
  // Whether the store is ours to write into; a chunk is not.
  #ours = false

  get length (): number {
    return this.#to - this.#from
  }

  get bytes (): Buffer {
    return this.#store.subarray(this.#from, this.#to)
  }

  add (chunk: Buffer): void {
    if (this.#from === this.#to) {
      this.#store = chunk
      this.#from = 0
      this.#to = chunk.length
      this.#ours = false
      return
    }
    if (!this.#ours || this.#store.length - this.#to < chunk.length) this.#grow(chunk.length)
    chunk.copy(this.#store, this.#to)
    this.#to += chunk.length
  }

  /** Takes the first bytes away. */
  take (length: number): Buffer {
    const taken = this.#store.subarray(this.#from, this.#from + length)
    this.#from += length
    return taken
  }

  #grow (by: number): void {
    const { bytes } = this
    this.#store = Buffer.allocUnsafe(2 * (bytes.length + by))
    bytes.copy(this.#store)
    this.#from = 0
    this.#to = bytes.length
    this.#ours = true
  }
}
