import type { Limits } from '../limits.js'
import { now } from '../broker/wheel.js'
import type { Bus } from './bus.js'
import type { Distribution } from './distribution.js'
import type { Members } from './members.js'
import { Peers, type Peer } from './peers.js'
import type { WordOf } from './words.js'

/** Who is told what becomes of other nodes. */
export interface Kin {
  /**
   * What was under way with a node is over, for it was cut off, or this one was: part of it may have got lost.
   * @param gone whether the node is known to be gone, and its sessions with it
   */
  readonly parted: (node: string, gone: boolean) => void
  /** A node gives no signs of life any more. */
  readonly lost: (peer: Peer) => void
  /** The bus is there, again. */
  readonly back: () => void
}

/**
 * Signs of life: each node gives one now and then, and in it says how far it is. A node that the bus comes back for says so,
 * and is answered; until another has given a sign since then, nobody knows whether it is there.
 */
export class Signs {
  readonly peers: Peers
  readonly #bus: Bus
  readonly #distribution: () => Distribution
  readonly #kin: Kin
  readonly #limits: Limits
  #members: Members | null = null
  /** How often the bus has come. */
  #starts = 0
  /** When it gave the last sign, on the clock of `now`. */
  #beaten = now()
  /** Until when the others may take to say that they are back, on the clock of `now`. */
  #patience = 0

  constructor (bus: Bus, distribution: () => Distribution, limits: Limits, kin: Kin) {
    this.#bus = bus
    this.#distribution = distribution
    this.#limits = limits
    this.#kin = kin
    // Who is alive has given at least one of two.
    this.peers = new Peers(limits.nodeSilence, 2 * limits.nodeBeat, peer => this.#lost(peer))
  }

  /** Members of channels are told of from now on. */
  tellOf (members: Members): void {
    this.#members = members
  }

  /** Gives a sign of life, and looks for those that give none; called now and then. */
  beat (): void {
    // Who had no time itself has not heard the others.
    const late = now() - this.#beaten - this.#limits.nodeBeat
    this.#beaten = now()
    if (late > this.#limits.nodeBeat) {
      this.#bus.excuse(late)
      this.peers.excuse(late)
    }
    this.#bus.watch()
    this.#shout(false)
    this.peers.sweep(this.#bus.up)
  }

  #shout (hello: boolean): void {
    this.#bus.shout(this.#sign(hello))
  }

  #sign (hello: boolean) {
    return { say: 'beat' as const, starts: this.#starts, last: this.#distribution().last, members: this.#members?.revision ?? 0, hello }
  }

  /** The bus has come, or is gone. */
  turned (up: boolean): void {
    this.peers.doubt()
    for (const peer of this.peers.all) {
      this.#kin.parted(peer.name, false)
      // Also what comes before the bus is said to be there comes after what was missed.
      if (peer.starts > 0) this.#distribution().recovery.miss(peer)
    }
    if (!up) return
    this.#starts++
    this.#patience = now() + this.#limits.nodeSilence
    this.#shout(true)
    this.#kin.back()
  }

  /** A node gives a sign of life. */
  heard ({ from, starts, last, members, hello }: WordOf<'beat'>): void {
    const peer = this.peers.of(from)
    const wasCutOff = peer.starts > 0 && starts > peer.starts
    // It has begun while this node was cut off.
    const isNew = peer.starts === 0 && starts === 1 && this.#starts > 1
    // It does not know that it was missed.
    if (!wasCutOff && (peer.missing || peer.state === 'gone')) this.#bus.send(from, { say: 'parted' })
    this.peers.hear(peer)
    peer.starts = starts
    if (wasCutOff) this.#kin.parted(from, false)
    // It may have published what was not heard here.
    if (wasCutOff || isNew) this.#distribution().recovery.miss(peer)
    this.#distribution().recovery.reached(peer, last)
    if (hello) this.#bus.send(from, this.#sign(false))
    this.#members?.reached(peer, members)
  }

  /** A node says that it is going. */
  left (name: string): void {
    const peer = this.peers.get(name)
    if (peer !== undefined) this.peers.lose(peer)
  }

  /** Nobody heard what was said to a node: it has ended, or never was; or it was cut off, and will be back. */
  absent (name: string): void {
    const peer = this.peers.get(name)
    if (peer === undefined) return this.#kin.parted(name, true)
    if (now() >= this.#patience) this.peers.miss(peer)
    this.#kin.parted(name, peer.state === 'gone')
  }

  #lost (peer: Peer): void {
    this.#kin.parted(peer.name, peer.state === 'gone')
    this.#kin.lost(peer)
    this.#members?.lost(peer)
  }
}
