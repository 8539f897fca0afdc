import type { Backplane, BackplaneEnds } from '../../types/index.js'
import { interestKeys } from '../protocol/channel.js'

/** One gateway's place at a bus of this process. */
export interface LocalNode extends Backplane {
  /** Takes it off the bus, as when a network breaks: it hears nothing more, and what it says goes nowhere. It is told so at once. */
  cut (): void
  /** Puts it back, with its interests. It is told so when it is done, a little later. */
  mend (): void
}

/** A bus for several gateways in one process. */
export interface LocalBus {
  /** A place at it, for one gateway. */
  node (): LocalNode
}

/**
 * Makes a bus for several gateways in one process: two servers on two ports, or a test. What is said arrives later and
 * in order, as over a network, and never while the one who says it is still speaking.
 * @example
 *   const bus = localBus()
 *   const one = bus.node()
 *   const other = bus.node()
 */
export function localBus (): LocalBus {
  const there = new Set<Place>()
  return { node: () => new Place(there) }
}

class Place implements LocalNode {
  /** Who is at the bus now. */
  readonly #there: Set<Place>
  readonly #interests = new Set<string>()
  #name = ''
  #ends: BackplaneEnds | null = null
  #whole = true

  constructor (there: Set<Place>) {
    this.#there = there
  }

  async open (node: string, ends: BackplaneEnds): Promise<void> {
    this.#name = node
    this.#ends = ends
    this.#arrive()
    await arrival()
  }

  publish (channel: string, payload: string): void {
    this.#say(() => {
      const keys = interestKeys(channel)
      for (const place of [...this.#there]) {
        for (const key of keys) if (place.#interests.has(key)) place.#hear(ends => ends.event(payload, channel, key))
      }
    })
  }

  async interest (pattern: string, on: boolean): Promise<void> {
    if (on) this.#interests.add(pattern)
    else this.#interests.delete(pattern)
    if (this.#isThere) await arrival()
  }

  send (node: string, text: string): void {
    this.#say(() => {
      const place = [...this.#there].find(place => place.#name === node)
      if (place === undefined) this.#hear(ends => ends.absent(node))
      else place.#hear(ends => ends.message(text))
    })
  }

  shout (text: string): void {
    this.#say(() => {
      for (const place of [...this.#there]) place.#hear(ends => ends.message(text))
    })
  }

  async flush (): Promise<void> {
    if (!this.#isThere) throw new Error('this node is not at the bus')
    await arrival()
  }

  async close (): Promise<void> {
    this.#there.delete(this)
    this.#ends = null
    await arrival()
  }

  cut (): void {
    this.#whole = false
    if (this.#there.delete(this)) this.#ends?.state(false)
  }

  mend (): void {
    this.#whole = true
    this.#arrive()
  }

  get #isThere (): boolean {
    return this.#there.has(this)
  }

  #arrive (): void {
    setImmediate(() => {
      // It may have been cut, mended twice or closed meanwhile.
      if (!this.#whole || this.#ends === null || this.#isThere) return
      this.#there.add(this)
      this.#ends.state(true)
    })
  }

  #say (arrive: () => void): void {
    if (this.#isThere) setImmediate(arrive)
  }

  #hear (tell: (ends: BackplaneEnds) => void): void {
    if (this.#ends !== null && this.#isThere) tell(this.#ends)
  }
}

// Immediates run in the order in which they were set: what was said before has arrived.
function arrival (): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
