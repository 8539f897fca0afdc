import type { WireExtension, WireMessage } from './cometd.js'

/** How many messages without an answer are remembered. */
const REMEMBERED = 100

/**
 * How long the gateway takes to answer, measured at what the client sends anyway. What the gateway may hold back is
 * left out: connects that wait for events, whatever goes to a service, and handshakes, which open the connection.
 */
export class RoundTrip implements WireExtension {
  readonly #onMeasured: (milliseconds: number) => void
  readonly #sent = new Map<string, number>()

  constructor (onMeasured: (milliseconds: number) => void) {
    this.#onMeasured = onMeasured
  }

  outgoing (message: WireMessage): void {
    const { id, channel, subscription = channel, advice } = message
    if (id === undefined || channel === '/meta/handshake' || subscription.startsWith('/service/')) return
    if (channel === '/meta/connect' && advice?.timeout !== 0) return
    this.#sent.set(id, performance.now())
    if (this.#sent.size <= REMEMBERED) return
    const [oldest] = this.#sent.keys()
    this.#sent.delete(oldest as string)
  }

  incoming ({ id, successful }: WireMessage): void {
    const sent = id === undefined || successful === undefined ? undefined : this.#sent.get(id)
    if (sent === undefined) return
    this.#sent.delete(id as string)
    this.#onMeasured(performance.now() - sent)
  }
}
