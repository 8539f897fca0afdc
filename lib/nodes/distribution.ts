import type { Appended } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { handOut } from '../broker/fan-out.js'
import { now } from '../broker/wheel.js'
import type { Limits } from '../limits.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { Bus } from './bus.js'
import { readEnvelope, spellEnvelope } from './envelope.js'
import { readForeign } from './foreign.js'
import type { Interests } from './interests.js'
import type { Peer, Peers } from './peers.js'
import { Window, type Published } from './window.js'
import type { WordOf } from './words.js'

/** What it is made of; `nodes.ts` hands it over. */
export interface DistributionParts {
  readonly bus: Bus
  readonly peers: Peers
  readonly interests: Interests
  readonly limits: Limits
  readonly broker: () => Broker
}

// What a node asks for is what it is interested in, where that can be said in a few words.
const MOST_INTERESTS = 1000
// ms until a node is asked once more that has not answered.
const PATIENCE = 5000
// Events that go in one word, in characters.
const CHUNK = 256 * 1024

/**
 * The way of events between nodes. Each node numbers what it publishes, and says it to whoever is interested. Numbers of
 * one node only grow, so what comes twice is known. Who was cut off, on either side, asks the other for what came after the
 * last number that it has, and takes nothing newer before that is here: so order holds, and nothing is doubled.
 */
export class Distribution {
  readonly #parts: DistributionParts
  readonly #window: Window
  readonly counted = { backplaneOut: 0, backplaneIn: 0, backplaneRefused: 0, backplaneRecovered: 0, backplaneMissed: 0 }

  constructor (parts: DistributionParts) {
    this.#parts = parts
    const { backplaneEvents, backplaneBytes } = parts.limits
    this.#window = new Window({ events: backplaneEvents, bytes: backplaneBytes })
  }

  /** Number of the last event of this node. */
  get last (): number {
    return this.#window.last
  }

  publish (channel: string, event: Outgoing, kept: Appended | null): void {
    const { bus } = this.#parts
    const { json } = event
    const { longest = Infinity } = bus
    if (json.length * 3 > longest && event.bytes + 100 > longest) return this.#refuse(channel, `longer than the ${longest} bytes that the bus takes`)
    const number = this.#window.last + 1
    const payload = spellEnvelope(bus.name, number, kept, json)
    this.#window.add({ number, channel, payload })
    this.counted.backplaneOut++
    bus.publish(channel, payload)
  }

  /** Something came over the bus. */
  hear (payload: string, channel: string, interest: string): void {
    if (payload.startsWith('{')) return this.#hearForeign(payload, channel, interest)
    const envelope = readEnvelope(payload)
    if (envelope === null) return this.#refuse(channel, 'no envelope')
    const { node, number, kept, json } = envelope
    if (node === this.#parts.bus.name) return
    const peer = this.#parts.peers.of(node)
    if (peer.asked !== Infinity || number <= peer.seen) return
    peer.seen = number
    this.#arrive(channel, Outgoing.spelled('broadcast', json), kept)
  }

  #hearForeign (payload: string, channel: string, interest: string): void {
    if (!this.#parts.interests.takes(channel, interest)) return
    const read = readForeign(this.#parts.broker(), channel, payload)
    if (read instanceof Outgoing) this.#arrive(channel, read, null)
    else this.#refuse(channel, read.wrong)
  }

  #arrive (channel: string, event: Outgoing, kept: Appended | null): void {
    const broker = this.#parts.broker()
    this.counted.backplaneIn++
    if (kept !== null && broker.recorder !== null && broker.channels?.keeps(channel) === true) broker.recorder.arrive(channel, event, kept)
    else handOut(broker, event, channel, null)
  }

  #refuse (channel: string, reason: string): void {
    this.counted.backplaneRefused++
    this.#parts.broker().log.warn({ channel, reason }, 'an event was not passed on between nodes')
  }

  // What was missed

  /** A node says how far it is. */
  reached (peer: Peer, last: number): void {
    if (peer.asked === Infinity) peer.seen = Math.max(peer.seen, last)
    else if (now() - peer.asked > PATIENCE) this.ask(peer)
  }

  /** Asks a node for what was missed of it. */
  ask (peer: Peer): void {
    peer.asked = now()
    this.#parts.bus.send(peer.name, { say: 'ask', after: peer.seen, interests: this.#parts.interests.names(MOST_INTERESTS) })
  }

  /** A node asks for what it has missed. */
  answer ({ from, after, interests }: WordOf<'ask'>): void {
    const { bus } = this.#parts
    let chunk: Published[] = []
    let size = 0
    const send = (last: number | null) => {
      const lines = chunk.flatMap(({ channel, payload }) => [channel, ...payload.split('\n')])
      bus.send(from, { say: 'missed', last, lost: last === null ? 0 : this.#window.lost(after) }, lines)
      chunk = []
      size = 0
    }
    for (const published of this.#window.after(after, interests === null ? null : new Set(interests))) {
      chunk.push(published)
      size += published.payload.length
      if (size > CHUNK) send(null)
    }
    send(this.#window.last)
  }

  /** A node says what was missed: for each event its channel, the line of its envelope, and its JSON. */
  take ({ from, last, lost }: WordOf<'missed'>, lines: readonly string[]): void {
    const peer = this.#parts.peers.of(from)
    if (peer.asked === Infinity) return
    for (let at = 0; at + 2 < lines.length; at += 3) {
      const [channel, head, json] = lines.slice(at, at + 3) as [string, string, string]
      const envelope = readEnvelope(`${head}\n${json}`)
      if (envelope === null || envelope.number <= peer.seen) continue
      peer.seen = envelope.number
      this.counted.backplaneRecovered++
      this.#arrive(channel, Outgoing.spelled('broadcast', json), envelope.kept)
    }
    if (last === null) return
    peer.seen = Math.max(peer.seen, last)
    peer.asked = Infinity
    if (lost === 0) return
    this.counted.backplaneMissed += lost
    this.#parts.broker().log.warn({ node: from, lost }, 'events of a node were forgotten before they could be said again')
  }
}
