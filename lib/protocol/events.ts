import type { EventMessage } from './message.js'
import { Outgoing } from './outgoing.js'

/** What stands around the data of every event of one channel, made once. */
export class Envelope {
  readonly channel: string
  readonly ext: Record<string, unknown> | undefined
  /** The JSON before the data of an event, and after it. */
  readonly before: string
  readonly after: string

  constructor (channel: string, ext?: Record<string, unknown>) {
    this.channel = channel
    this.ext = ext
    this.before = `{"channel":${JSON.stringify(channel)},"data":`
    this.after = ext === undefined ? '}' : `,"ext":${JSON.stringify(ext)}}`
  }

  /** One event. */
  message (data: unknown): EventMessage {
    const { channel, ext } = this
    return ext === undefined ? { channel, data } : { channel, data, ext }
  }
}

/**
 * Events of one channel that leave together: what one read of a service brought. It stands for many messages, has
 * one place in the outbox and one text, the events with commas between them; made together they cost a fifth of
 * what they cost one by one.
 */
export class Events extends Outgoing {
  readonly #envelope: Envelope
  readonly #data: readonly unknown[]
  /** The JSON of all data as one array, and what stands between its quotes; null where it is not all texts. */
  readonly #all: string | null
  readonly #texts: readonly string[] | null

  /** @param data of the events, at least one */
  constructor (envelope: Envelope, data: readonly unknown[]) {
    super('event', envelope.message(data[0]), data.length)
    this.#envelope = envelope
    this.#data = data
    this.#all = data.every(isText) ? JSON.stringify(data) : null
    this.#texts = this.#all === null ? null : apart(this.#all)
  }

  protected override spell (): string {
    const { before, after } = this.#envelope
    if (this.#texts === null) return this.texts().join(',')
    return before + '"' + this.#texts.join(`"${after},${before}"`) + '"' + after
  }

  // Who spells them apart never needs the one text.
  protected override measure (): number {
    const { before, after } = this.#envelope
    return this.#all === null ? super.measure() : Buffer.byteLength(this.#all) - 2 + this.count * Buffer.byteLength(before + after)
  }

  /**
   * The JSON of each event.
   * @param head more fields, to stand before the others; each with a comma after it
   * @param tail and behind the others; each with a comma before it
   */
  texts (head: string = '', tail: string = ''): string[] {
    const before = '{' + head + this.#envelope.before.slice(1)
    const after = this.#envelope.after.slice(0, -1) + tail + '}'
    if (this.#texts !== null) return this.#texts.map(text => before + '"' + text + '"' + after)
    // What JSON cannot say is null.
    return this.#data.map(data => before + (JSON.stringify(data) as string | undefined ?? 'null') + after)
  }

  override each (): Outgoing[] {
    return this.#data.map(data => Outgoing.event(this.#envelope.message(data)))
  }
}

const isText = (data: unknown) => typeof data === 'string'

/**
 * The JSON of texts without their quotes, out of the JSON of all of them; null where they cannot be told apart.
 * Between two texts stands `","`; in a text a quote has a backslash before it, so the same three characters
 * mean something else only after `\"`.
 */
function apart (all: string): string[] | null {
  return all.includes('\\",') ? null : all.slice(2, -2).split('","')
}
