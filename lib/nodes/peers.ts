import { now } from '../broker/wheel.js'

/** Another node, as far as this one knows it. */
export interface Peer {
  readonly name: string
  /** Whether it gives signs of life. */
  alive: boolean
  /** When it gave the last one, on the clock of `now`. */
  heard: number
  /** How often the bus has come up for it, as it says; 0: it has not said so. */
  starts: number
  /** The last of its events that came, or that it says it had sent then. */
  seen: number
  /** When it was asked for what was missed, while that is not all here; Infinity: nothing is missed. */
  asked: number
  /** The revision of its members that is known here. */
  members: number
}

// Who was gone for so long (ms) does not come back.
const FORGET = 600_000

/** The other nodes: who is there, and who was. */
export class Peers {
  readonly #all = new Map<string, Peer>()
  readonly #silence: number
  readonly #gone: (peer: Peer) => void

  /**
   * @param silence ms without a sign of life until a node is taken for gone
   * @param gone told of a node that is gone
   */
  constructor (silence: number, gone: (peer: Peer) => void) {
    this.#silence = silence
    this.#gone = gone
  }

  /** Who says something, whether it was known or not. */
  of (name: string): Peer {
    let peer = this.#all.get(name)
    if (peer === undefined) this.#all.set(name, peer = { name, alive: true, heard: now(), starts: 0, seen: 0, asked: Infinity, members: -1 })
    return peer
  }

  get (name: string): Peer | undefined {
    return this.#all.get(name)
  }

  /** It gives a sign of life. */
  hear (peer: Peer): void {
    peer.heard = now()
    peer.alive = true
  }

  get all (): Iterable<Peer> {
    return this.#all.values()
  }

  /** How many are there. */
  get alive (): number {
    let count = 0
    for (const { alive } of this.#all.values()) if (alive) count++
    return count
  }

  /** A node is gone: it said so, or nobody is there to hear it. */
  lose (name: string): void {
    const peer = this.#all.get(name)
    if (peer?.alive !== true) return
    // What was asked of it is still missing, should it come back.
    peer.alive = false
    this.#gone(peer)
  }

  /** Looks for those that are silent; called now and then. */
  sweep (): void {
    const time = now()
    for (const peer of this.#all.values()) {
      if (time - peer.heard > this.#silence) this.lose(peer.name)
      if (time - peer.heard > FORGET) this.#all.delete(peer.name)
    }
  }
}
