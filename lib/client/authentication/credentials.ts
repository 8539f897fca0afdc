import type { Challenge } from './challenge.js'

/** One HTTP request, as a scheme needs to know it. */
export interface AuthorizedRequest {
  readonly method: string
  /** Absolute. */
  readonly url: string
}

/** Who the client is, in one scheme of HTTP authentication. */
export interface Credentials {
  /** `Basic`, `Bearer`, `Digest`. */
  readonly scheme: string
  /** The value of the header `Authorization` for a request; undefined leaves it out. */
  authorization (request: AuthorizedRequest): string | undefined
  /** Joined to `ext` of every handshake and connect, over every transport: how a token reaches a browser's WebSocket. */
  readonly ext?: Readonly<Record<string, unknown>>
  /**
   * Told of the challenges of a 401 that these credentials met.
   * @returns whether the request is worth another try: with the nonce of a digest, say
   */
  challenged? (challenges: readonly Challenge[]): boolean
}
