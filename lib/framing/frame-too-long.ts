/** A message of a service outgrew `limits.serviceMessage`: a decoder throws this, and the link ends with 413. */
export class FrameTooLong extends Error {
  /** As Node and its systems say it of a datagram. */
  readonly code = 'EMSGSIZE'
  /** It may be told to clients. */
  readonly told: string
  /** The frames of the same chunk that were complete before it. */
  readonly before: readonly Buffer[]

  constructor (bound: number, before: readonly Buffer[]) {
    super(`A message of the service is longer than ${bound} bytes`)
    this.name = 'FrameTooLong'
    this.told = this.message
    this.before = before
  }
}
