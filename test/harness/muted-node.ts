/** A place at a bus where a node can fall silent for a while, as one does whose process has no time for it. */
import type { Backplane, BackplaneEnds, LocalNode } from '../../lib/index.js'

export class MutedNode implements Backplane {
  readonly #place: LocalNode
  /** Whether nobody hears what it says to all; what it says to one is heard. */
  muted = false
  /** Which words that it says to one are held up. */
  holds: (text: string) => boolean = () => false
  readonly #held: [node: string, text: string][] = []

  constructor (place: LocalNode) {
    this.#place = place
  }

  open (node: string, ends: BackplaneEnds): Promise<void> {
    return this.#place.open(node, ends)
  }

  publish (channel: string, payload: string): void {
    this.#place.publish(channel, payload)
  }

  interest (pattern: string, on: boolean): Promise<void> {
    return this.#place.interest(pattern, on)
  }

  send (node: string, text: string): void {
    if (this.holds(text)) this.#held.push([node, text])
    else this.#place.send(node, text)
  }

  /** How many words are held up. */
  get held (): number {
    return this.#held.length
  }

  /** Lets go what is held up. */
  release (): void {
    for (const [node, text] of this.#held.splice(0)) this.#place.send(node, text)
  }

  shout (text: string): void {
    if (!this.muted) this.#place.shout(text)
  }

  flush (): Promise<void> {
    return this.#place.flush()
  }

  close (): Promise<void> {
    return this.#place.close()
  }
}
