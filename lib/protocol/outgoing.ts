import type { EventMessage, ReplyMessage } from './message.js'

/**
 * What leaves the server, turned into JSON at most once however many receive it:
 * a `reply` to one client (or the server's unasked word on a meta channel), an `event` for
 * one session, or a `broadcast`, an event that any number of sessions share.
 *
 * It is immutable: whoever wants to change it for one session makes another.
 */
export class Outgoing {
  readonly kind: 'reply' | 'event' | 'broadcast'
  readonly message: Readonly<ReplyMessage> | Readonly<EventMessage>
  /** Room for the transport's ready frame of a broadcast, made on first need and used for every receiver. */
  frame: Uint8Array | null = null
  #json: string | null = null
  #bytes = -1

  private constructor (kind: Outgoing['kind'], message: Readonly<ReplyMessage> | Readonly<EventMessage>) {
    this.kind = kind
    this.message = message
  }

  static reply (message: Readonly<ReplyMessage>): Outgoing {
    return new Outgoing('reply', message)
  }

  static event (message: Readonly<EventMessage>): Outgoing {
    return new Outgoing('event', message)
  }

  static broadcast (message: Readonly<EventMessage>): Outgoing {
    return new Outgoing('broadcast', message)
  }

  /** The message in the specification's spelling. */
  get json (): string {
    this.#json ??= JSON.stringify(this.message)
    return this.#json
  }

  /** Length of {@link json} in UTF-8. */
  get bytes (): number {
    if (this.#bytes < 0) this.#bytes = Buffer.byteLength(this.json)
    return this.#bytes
  }
}
