import type { Backplane } from '../../types/index.js'
import { interestKeys } from '../protocol/channel.js'
import { now } from '../broker/wheel.js'

// ms that a subscriber waits at most until the bus knows of its interest.
const PATIENCE = 2000

/** An interest that the bus knows of, or is being told. */
interface Interest {
  /** When the last subscriber left, on the clock of `now`; Infinity: there is one. */
  left: number
  /** Settles when the bus knows; null: it does. */
  settling: Promise<void> | null
}

/**
 * What this node wants to hear of: channels and patterns that somebody here has subscribed to, and for a while those
 * that somebody had. Who comes and goes does not trouble the bus each time.
 */
export class Interests {
  readonly #backplane: Pick<Backplane, 'interest'>
  readonly #linger: number
  readonly #ended: () => void
  readonly #all = new Map<string, Interest>()

  /**
   * @param linger ms that an interest stays after its last subscriber has left
   * @param ended some have ended
   */
  constructor (backplane: Pick<Backplane, 'interest'>, linger: number, ended: () => void) {
    this.#backplane = backplane
    this.#linger = linger
    this.#ended = ended
  }

  get size (): number {
    return this.#all.size
  }

  /** Their names; null where they are more than so many. */
  names (most: number): string[] | null {
    return this.#all.size > most ? null : [...this.#all.keys()]
  }

  /** A name has its first subscriber, or has lost its last. */
  set (name: string, on: boolean): void {
    this.#of(name).left = on ? Infinity : now()
  }

  /** Somebody is about to subscribe. @returns null where the bus knows of it already */
  expect (name: string): Promise<void> | null {
    const interest = this.#of(name)
    // It is not to end before who is about to subscribe does.
    if (interest.left !== Infinity) interest.left = now()
    return interest.settling
  }

  hears (channel: string): boolean {
    return interestKeys(channel).some(key => this.#all.has(key))
  }

  /** The interest by which an event is to be taken that came by several: the first that fits. */
  takes (channel: string, interest: string): boolean {
    return interestKeys(channel).find(key => this.#all.has(key)) === interest
  }

  #of (name: string): Interest {
    const known = this.#all.get(name)
    if (known !== undefined) return known
    const interest: Interest = { left: now(), settling: null }
    this.#all.set(name, interest)
    interest.settling = settled(this.#backplane.interest(name, true)).then(() => { interest.settling = null })
    return interest
  }

  /** Ends those that nobody has come back to; called now and then. */
  sweep (): void {
    const late = now() - this.#linger
    let ended = 0
    for (const [name, { left }] of this.#all) {
      if (left > late) continue
      this.#all.delete(name)
      ended++
      this.#backplane.interest(name, false).catch(() => {})
    }
    if (ended > 0) this.#ended()
  }
}

// A bus that does not answer keeps nobody from what this node itself publishes.
function settled (knows: Promise<void>): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, PATIENCE).unref()
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    knows.then(done, done)
  })
}
