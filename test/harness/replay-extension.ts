/** An extension for the `cometd` client that does on the wire what those of Salesforce's clients do. */
import type { Message } from 'cometd'

/** Where it looks for the id of an event: the JavaScript ones know only the place in `data`. */
export type Place = 'data' | 'ext'

export class ReplayExtension {
  /** The last event of each channel that it is to go on after; -1 and -2 at first. May be kept for a next client. */
  readonly positions: Record<string, number>
  readonly #place: Place
  readonly #announces: boolean
  #enabled = false

  /** @param announces whether it says so in the handshake, as the Java one does; the others wait for the server to say it */
  constructor (positions: Record<string, number>, place: Place = 'data', announces: boolean = false) {
    this.positions = positions
    this.#place = place
    this.#announces = announces
  }

  incoming (message: Message): Message {
    const { channel, ext, data } = message
    if (channel === '/meta/handshake') this.#enabled = (ext as { replay?: unknown } | undefined)?.replay === true
    else if (Object.hasOwn(this.positions, channel as string)) {
      const id: unknown = this.#place === 'data' ? data?.event?.replayId : (ext as { replayId?: unknown } | undefined)?.replayId
      if (typeof id === 'number') this.positions[channel as string] = id
    }
    return message
  }

  outgoing (message: Message): Message {
    if (message.channel === '/meta/handshake' && this.#announces) message.ext = { ...message.ext, replay: true }
    if (message.channel === '/meta/subscribe' && this.#enabled) message.ext = { ...message.ext, replay: { ...this.positions } }
    return message
  }
}
