import type { Member } from '../../types/index.js'
import type { Presence } from '../broker/presence.js'
import type { Bus } from './bus.js'
import type { Peer } from './peers.js'
import type { WordOf } from './words.js'

// ms between two words of who came and went, so that thousands who come at once are told of in a few.
const PACE = 100

/**
 * Who is on which channel, told between nodes: each node tells of its own, change by change, and each change has a number. Who
 * finds a number missing, or is new, asks for all of them. A node that is gone takes its members with it.
 */
export class Members {
  readonly #bus: Bus
  readonly #presence: Presence
  /** Of the other nodes: each member under its channel and id. */
  readonly #elsewhere = new Map<string, Map<string, readonly [channel: string, id: string]>>()
  #join: [channel: string, member: Member][] = []
  #leave: [channel: string, id: string][] = []
  #timer: NodeJS.Timeout | null = null
  /** Number of the last change that was told. */
  revision = 0

  constructor (bus: Bus, presence: Presence) {
    this.#bus = bus
    this.#presence = presence
    presence.follow({
      joined: (channel, member) => {
        this.#join.push([channel, member])
        this.#later()
      },
      left: (channel, id) => {
        // Who came and went in between was never there.
        const joined = this.#join.findIndex(([known, member]) => known === channel && member.id === id)
        if (joined === -1) this.#leave.push([channel, id])
        else this.#join.splice(joined, 1)
        this.#later()
      }
    })
  }

  #later (): void {
    this.#timer ??= setTimeout(() => this.#tell(), PACE).unref()
  }

  #tell (): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#join.length === 0 && this.#leave.length === 0) return
    this.revision++
    this.#bus.shout({ say: 'members', revision: this.revision, whole: false, join: this.#join, leave: this.#leave })
    this.#join = []
    this.#leave = []
  }

  /** A node asks for all of them. */
  answer (node: string): void {
    this.#tell()
    this.#bus.send(node, { say: 'members', revision: this.revision, whole: true, join: [...this.#presence.own()], leave: [] })
  }

  /** A node says how many changes it has told. */
  reached (peer: Peer, revision: number): void {
    if (revision !== peer.members) this.#bus.send(peer.name, { say: 'members?' })
  }

  /** A node tells of its members. */
  take (peer: Peer, { revision, whole, join, leave }: WordOf<'members'>): void {
    if (!whole && revision !== peer.members + 1) return
    const known = this.#elsewhere.get(peer.name) ?? new Map<string, readonly [string, string]>()
    this.#elsewhere.set(peer.name, known)
    const stay = new Set(join.map(([channel, { id }]) => keyOf(channel, id)))
    const left = whole ? [...known].filter(([key]) => !stay.has(key)).map(([, place]) => place) : leave
    for (const [channel, id] of left) if (known.delete(keyOf(channel, id))) this.#presence.departed(channel, id)
    for (const [channel, member] of join) {
      const key = keyOf(channel, member.id)
      if (!known.has(key)) this.#presence.arrived(channel, member)
      known.set(key, [channel, member.id])
    }
    peer.members = revision
  }

  /** A node is gone. */
  lost (peer: Peer): void {
    peer.members = -1
    for (const [channel, id] of this.#elsewhere.get(peer.name)?.values() ?? []) this.#presence.departed(channel, id)
    this.#elsewhere.delete(peer.name)
  }

  close (): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
  }
}

function keyOf (channel: string, id: string): string {
  return `${channel} ${id}`
}
