import type { EventMessage, ReplyMessage } from './message.js'
import { spellReply } from './reply-text.js'

/**
 * What leaves the server, turned into JSON at most once however many receive it:
 * a `reply` to one client (or the server's unasked word on a meta channel), an `event` for
 * one session, or a `broadcast`, an event that any number of sessions share.
 *
 * It is immutable: whoever wants to change it for one session makes another.
 */
export class Outgoing {
  readonly kind: 'reply' | 'event' | 'broadcast'
  /** Messages in it: one, or what `Events` holds. */
  readonly count: number
  /** Room for the transport's ready frame of a broadcast, made on first need and used for every receiver. */
  frame: Uint8Array | null = null
  // One is made of the other, when it is needed.
  #message: Readonly<ReplyMessage> | Readonly<EventMessage> | null
  #json: string | null
  #bytes = -1

  protected constructor (kind: Outgoing['kind'], message: Readonly<ReplyMessage> | Readonly<EventMessage> | null, count: number = 1, json: string | null = null) {
    this.kind = kind
    this.#message = message
    this.count = count
    this.#json = json
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

  /** A message that another node has turned into JSON. */
  static spelled (kind: Outgoing['kind'], json: string): Outgoing {
    return new Outgoing(kind, null, 1, json)
  }

  /** The message; the first where there are several. */
  get message (): Readonly<ReplyMessage> | Readonly<EventMessage> {
    this.#message ??= JSON.parse(this.#json as string) as Readonly<EventMessage>
    return this.#message
  }

  /** The message in the specification's spelling; several have commas between them. */
  get json (): string {
    this.#json ??= this.spell()
    return this.#json
  }

  protected spell (): string {
    return this.kind === 'reply' ? spellReply(this.message as ReplyMessage) : JSON.stringify(this.message)
  }

  /** Its messages one by one. */
  each (): readonly Outgoing[] {
    return [this]
  }

  /** Length of {@link json} in UTF-8. */
  get bytes (): number {
    if (this.#bytes < 0) this.#bytes = this.measure()
    return this.#bytes
  }

  protected measure (): number {
    return Buffer.byteLength(this.json)
  }
}

/** Whether two lists hold the very same messages. */
export function sameMessages (one: readonly Outgoing[], other: readonly Outgoing[]): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}
