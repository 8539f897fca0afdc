import type { Appended } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { handOut } from '../broker/fan-out.js'
import type { Limits } from '../limits.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { Bus } from './bus.js'
import { readEnvelope, spellEnvelope } from './envelope.js'
import { readForeign } from './foreign.js'
import type { Interests } from './interests.js'
import type { Peers } from './peers.js'
import { Recovery } from './recovery.js'
import { Window } from './window.js'

/** What it is made of; `nodes.ts` hands it over. */
export interface DistributionParts {
  readonly bus: Bus
  readonly peers: Peers
  readonly interests: Interests
  readonly limits: Limits
  readonly broker: () => Broker
}

/**
 * The way of events between nodes. Each node numbers what it publishes, and says it to whoever is interested. Numbers of
 * one node only grow, so what comes twice is known; what was missed is asked for ({@link Recovery}).
 */
export class Distribution {
  readonly recovery: Recovery
  readonly counted = { backplaneOut: 0, backplaneIn: 0, backplaneRefused: 0, backplaneRecovered: 0, backplaneMissed: 0 }
  readonly #parts: DistributionParts
  readonly #window: Window

  constructor (parts: DistributionParts) {
    const { bus, peers, interests, limits, broker } = parts
    this.#parts = parts
    this.#window = new Window({ events: limits.backplaneEvents, bytes: limits.backplaneBytes })
    this.recovery = new Recovery({ bus, peers, interests, limits, broker, window: this.#window, counted: this.counted, arrive: (channel, payload) => this.#open(channel, payload) })
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
    if (number <= peer.seen) return
    if (peer.asked !== Infinity) return this.recovery.keep(peer, { number, channel, payload })
    peer.seen = number
    this.#arrive(channel, Outgoing.spelled('broadcast', json), kept)
  }

  #hearForeign (payload: string, channel: string, interest: string): void {
    if (!this.#parts.interests.takes(channel, interest)) return
    const read = readForeign(this.#parts.broker(), channel, payload)
    if (read instanceof Outgoing) this.#arrive(channel, read, null)
    else this.#refuse(channel, read.wrong)
  }

  // It was looked at when it came.
  #open (channel: string, payload: string): void {
    const envelope = readEnvelope(payload)
    if (envelope !== null) this.#arrive(channel, Outgoing.spelled('broadcast', envelope.json), envelope.kept)
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
}
