import type { Broker } from '../broker/broker.js'
import { now } from '../broker/wheel.js'
import type { Limits } from '../limits.js'
import type { Bus } from './bus.js'
import { readEnvelope } from './envelope.js'
import type { Interests } from './interests.js'
import type { Peer, Peers } from './peers.js'
import { Window, type Published } from './window.js'
import type { WordOf } from './words.js'

/** What it is made of; `distribution.ts` hands it over. */
export interface RecoveryParts {
  readonly bus: Bus
  readonly peers: Peers
  readonly interests: Interests
  readonly limits: Limits
  readonly broker: () => Broker
  /** What this node has published. */
  readonly window: Window
  readonly counted: { backplaneRecovered: number, backplaneMissed: number }
  /** Takes an event of another node, in its place. */
  readonly arrive: (channel: string, payload: string) => void
}

// What a node asks for is what it is interested in, where that can be said in a few words.
const MOST_INTERESTS = 1000
// ms until a node is asked once more that has not answered.
const PATIENCE = 5000
// Events that go in one word, in characters.
const CHUNK = 256 * 1024

/**
 * What was missed between two nodes. Who was cut off, on either side, asks the other for what came after the last number that
 * it has, and hands out nothing newer before that is here: so order holds, and nothing is doubled.
 */
export class Recovery {
  readonly #parts: RecoveryParts
  /** What came of a node that was asked and has not answered yet. */
  readonly #meanwhile = new WeakMap<Peer, Window>()

  constructor (parts: RecoveryParts) {
    this.#parts = parts
  }

  /** Something of a node may have been missed. */
  miss (peer: Peer): void {
    peer.asked = -Infinity
  }

  /** Something of a node came before what was missed of it. */
  keep (peer: Peer, published: Published): void {
    const { backplaneEvents, backplaneBytes } = this.#parts.limits
    const meanwhile = this.#meanwhile.get(peer) ?? new Window({ events: backplaneEvents, bytes: backplaneBytes })
    this.#meanwhile.set(peer, meanwhile)
    if (published.number > meanwhile.last) meanwhile.add(published)
  }

  /** A node says how far it is. */
  reached (peer: Peer, last: number): void {
    if (peer.asked === Infinity) peer.seen = Math.max(peer.seen, last)
    else if (now() - peer.asked > PATIENCE) this.#ask(peer)
  }

  #ask (peer: Peer): void {
    peer.asked = now()
    this.#parts.bus.send(peer.name, { say: 'ask', after: peer.seen, interests: this.#parts.interests.names(MOST_INTERESTS) })
  }

  /** A node asks for what it has missed. */
  answer ({ from, after, interests }: WordOf<'ask'>): void {
    const { bus, window } = this.#parts
    let chunk: Published[] = []
    let size = 0
    const send = (last: number | null) => {
      const lines = chunk.flatMap(({ channel, payload }) => [channel, ...payload.split('\n')])
      bus.send(from, { say: 'missed', last, lost: last === null ? 0 : window.lost(after) }, lines)
      chunk = []
      size = 0
    }
    for (const published of window.after(after, interests === null ? null : new Set(interests))) {
      chunk.push(published)
      size += published.payload.length
      if (size > CHUNK) send(null)
    }
    send(window.last)
  }

  /** A node says what was missed: for each event its channel, the line of its envelope, and its JSON. */
  take ({ from, last, lost }: WordOf<'missed'>, lines: readonly string[]): void {
    const peer = this.#parts.peers.of(from)
    if (peer.asked === Infinity) return
    for (let at = 0; at + 2 < lines.length; at += 3) {
      const [channel, head, json] = lines.slice(at, at + 3) as [string, string, string]
      const payload = `${head}\n${json}`
      const number = readEnvelope(payload)?.number ?? 0
      this.#handOut(peer, number)
      if (number > peer.seen) this.#recover(peer, { number, channel, payload })
    }
    if (last === null) return
    this.#handOut(peer, Infinity)
    peer.seen = Math.max(peer.seen, last)
    peer.asked = Infinity
    if (lost > 0) this.#forgotten(from, lost)
  }

  #recover (peer: Peer, { number, channel, payload }: Published): void {
    peer.seen = number
    this.#parts.counted.backplaneRecovered++
    this.#parts.arrive(channel, payload)
  }

  // What came meanwhile, in its place among what was missed: some of it may be in both.
  #handOut (peer: Peer, before: number): void {
    const meanwhile = this.#meanwhile.get(peer)
    if (meanwhile === undefined) return
    for (const { number, channel, payload } of meanwhile.take(before)) {
      if (number <= peer.seen) continue
      peer.seen = number
      this.#parts.arrive(channel, payload)
    }
    if (meanwhile.size === 0) this.#meanwhile.delete(peer)
  }

  #forgotten (node: string, lost: number): void {
    const { broker, counted } = this.#parts
    counted.backplaneMissed += lost
    broker().log.warn({ node, lost }, 'events of a node were forgotten before they could be said again')
    broker().recorder?.cursors.catchUp()
  }
}
