/** What came cannot be read on from here. */
export class Interrupted extends Error {
  /** The data of the same chunk that was complete before it. */
  readonly before: readonly unknown[]
  override readonly cause: unknown

  constructor (cause: unknown, before: readonly unknown[] = []) {
    super('the service cannot be read on')
    this.cause = cause
    this.before = before
  }
}
