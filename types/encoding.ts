/** Turns frames into the `data` of events; one a link, because a character may be cut between two frames. */
export interface DataDecoder {
  /** @returns the data of a frame, undefined where there is none yet, `UNREADABLE` where it cannot be read */
  push (frame: Buffer): unknown
  /** The stream ended: what was held back, or undefined. */
  end (): unknown
}

/** The bytes of a service to the `data` of messages and back. */
export interface Encoding {
  /** What the events carry in `ext`, so that a client knows how to read `data`. */
  readonly ext?: Readonly<Record<string, unknown>>
  /** Whether what clients send stays a value where the service speaks in objects. */
  readonly values?: boolean
  /** Whether it can read whole messages only, and not what a stream happens to bring together. */
  readonly wholeOnly?: boolean
  /** @returns the bytes of a client's `data`, or null where it does not fit the encoding (422) */
  encode (data: unknown): Buffer | null
  /** @param whole whether each frame is a whole message (see {@link Framing.whole}) */
  decoder (whole: boolean): DataDecoder
}
