/** Cuts a stream of bytes into the messages of a service. Frames are views of the chunks where they can be. */
export interface FrameDecoder {
  /**
   * @returns the frames that are complete now
   * @throws FrameTooLong where a frame outgrows the bound; the link ends with 413
   * @throws Malformed, or any other error, where these are no frames; the link ends with 502
   */
  push (chunk: Buffer): Buffer[]
  /**
   * The stream ended: what is left, if it is a message.
   * @throws as `push` does
   */
  end (): Buffer[]
}

/** Bytes to frames and back. */
export interface Framing {
  /** Whether each frame is a whole message; false where a frame may end inside a character (`raw`). */
  readonly whole: boolean
  /**
   * Wraps one message.
   * @returns the bytes to write, or null where the message cannot be one frame
   */
  encode (message: Buffer): Buffer | null
  /** @param bound the longest frame, in bytes */
  decoder (bound: number): FrameDecoder
}
