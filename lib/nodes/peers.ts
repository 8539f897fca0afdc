import { now } from '../broker/wheel.js'

/** Another node, as far as this one knows it. */
export interface Peer {
  readonly name: string
  /**
   * - `there`: it gives signs of life
   * - `unsure`: the bus was away and it has not given one since, or it did not hear what was said to it
   * - `silent`: it gave none for too long, for the bus is away, or was; nobody knows
   * - `gone`: it has said so, or gave none for too long
   */
  state: 'there' | 'unsure' | 'silent' | 'gone'
  /** Whether it did not hear what was said to it. */
  missing: boolean
  /** When it gave the last sign of life, or the bus came back, on the clock of `now`. */
  heard: number
  /** How often the bus has come up for it, as it says; 0: it has not said so. */
  starts: number
  /** The last of its events that came, or that it says it had sent then. */
  seen: number
  /** When it was asked for what was missed, while that is not all here; -Infinity: it is still to be asked; Infinity: nothing is missed. */
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
  readonly #absence: number
  readonly #lost: (peer: Peer) => void

  /**
   * @param silence ms without a sign of life until a node is taken for gone
   * @param absence the same where it does not hear either
   * @param lost told of a node that gives no signs of life any more
   */
  constructor (silence: number, absence: number, lost: (peer: Peer) => void) {
    this.#silence = silence
    this.#absence = Math.min(absence, silence)
    this.#lost = lost
  }

  /** Who says something, whether it was known or not. */
  of (name: string): Peer {
    let peer = this.#all.get(name)
    if (peer === undefined) this.#all.set(name, peer = { name, state: 'there', missing: false, heard: now(), starts: 0, seen: 0, asked: Infinity, members: -1 })
    return peer
  }

  get (name: string): Peer | undefined {
    return this.#all.get(name)
  }

  get all (): Iterable<Peer> {
    return this.#all.values()
  }

  /** How many are there, as far as is known. */
  get alive (): number {
    let count = 0
    for (const { state } of this.#all.values()) if (state === 'there' || state === 'unsure') count++
    return count
  }

  /** It gives a sign of life. */
  hear (peer: Peer): void {
    peer.heard = now()
    peer.state = 'there'
    peer.missing = false
  }

  /** The bus is away, and so is everybody; or is back, and each has its time to say that it is there. */
  doubt (): void {
    for (const peer of this.#all.values()) {
      if (peer.state === 'gone') continue
      if (peer.state === 'there') peer.state = 'unsure'
      peer.heard = now()
    }
  }

  /** What they said for so long (ms) may wait to be heard. */
  excuse (late: number): void {
    for (const peer of this.#all.values()) peer.heard += late
  }

  /** It did not hear what was said to it: it is gone, or will say very soon that it is not. */
  miss (peer: Peer): void {
    if (peer.state === 'gone') return
    peer.missing = true
    if (now() - peer.heard > this.#absence) this.lose(peer)
    else peer.state = 'unsure'
  }

  /** It is gone, or nobody knows, while the bus is away. */
  lose (peer: Peer, state: 'silent' | 'gone' = 'gone'): void {
    const { state: before } = peer
    // What was asked of it is still missing, should it come back.
    peer.state = state
    if (before === 'there' || before === 'unsure') this.#lost(peer)
  }

  /** Looks for those that are silent; called now and then. @param up whether the bus is there */
  sweep (up: boolean): void {
    for (const peer of this.#all.values()) {
      const silence = now() - peer.heard
      if (peer.state !== 'gone' && silence > (peer.missing ? this.#absence : this.#silence)) this.lose(peer, up ? 'gone' : 'silent')
      if (up && silence > FORGET) this.#all.delete(peer.name)
    }
  }
}
