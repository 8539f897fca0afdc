/** What a service sends has not the form of its framing: a decoder throws this, and the link ends with 502. */
export class Malformed extends Error {
  /** The frames of the same chunk that were complete before it. */
  readonly before: readonly Buffer[]

  constructor (what: string, before: readonly Buffer[]) {
    super(`The service does not keep to its framing: ${what}`)
    this.name = 'Malformed'
    this.before = before
  }
}
