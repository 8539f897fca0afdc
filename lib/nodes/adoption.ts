import type { Arrived, Connection } from '../../types/index.js'
import { bear } from '../broker/birth.js'
import type { Broker } from '../broker/broker.js'
import { claim } from '../broker/ownership.js'
import type { Session } from '../broker/session.js'
import { now } from '../broker/wheel.js'
import type { Bus } from './bus.js'
import type { Guests } from './guests.js'
import { nodeOf } from './name.js'
import type { WordOf } from './words.js'

/** A session that is asked for, and what its client has said meanwhile. */
interface Asked {
  readonly node: string
  readonly waiting: Arrived[]
  readonly deadline: number
}

// Sessions that have moved and may not have ended; beyond it the oldest are forgotten, and cost their client a handshake if it polls elsewhere.
const MOST_MOVED = 100_000

/**
 * A client that shook hands at one node and opens its socket at another: its session moves there before it begins, so that
 * nothing of it ever crosses the bus again. A session that has subscribed already, or that something waits for, stays
 * where it is, for it may miss nothing; it is spoken to over the bus.
 */
export class Adoption {
  readonly #bus: Bus
  readonly #guests: Guests
  readonly #broker: () => Broker
  readonly #asked = new Map<string, Asked>()
  /** Where sessions of this node have gone, or are known to be. */
  readonly #moved = new Map<string, string>()
  /** Sessions that came from other nodes, since start. */
  adopted = 0

  constructor (bus: Bus, guests: Guests, broker: () => Broker) {
    this.#bus = bus
    this.#guests = guests
    this.#broker = broker
  }

  /** The node where a session should be; null where its id tells none. */
  home (clientId: string): string | null {
    return this.#moved.get(clientId) ?? nodeOf(clientId)
  }

  /** Where a session of this node has gone; undefined where it has not. */
  movedTo (clientId: string): string | undefined {
    return this.#moved.get(clientId)
  }

  /** Takes a message for a session of another node: the first connect on a socket asks for the session itself. */
  take (arrived: Arrived, node: string, clientId: string): void {
    const asked = this.#asked.get(clientId)
    if (asked !== undefined) {
      if (asked.waiting.length >= this.#broker().limits.relayWaiting) this.#guests.refuse(arrived, clientId)
      else asked.waiting.push(arrived)
    } else if (this.#mayMove(arrived, node, clientId)) this.#ask(arrived, node, clientId)
    else this.#guests.relay(arrived, node, clientId)
  }

  #mayMove ({ connection, incoming }: Arrived, node: string, clientId: string): boolean {
    const { sessions, limits } = this.#broker()
    return incoming.operation === 'connect' && connection.pushes && sessions.size < limits.sessions && !this.#guests.knows(connection, node, clientId)
  }

  #ask (arrived: Arrived, node: string, clientId: string): void {
    this.#asked.set(clientId, { node, waiting: [arrived], deadline: now() + this.#broker().limits.relayTimeout })
    this.#bus.send(node, { say: 'adopt', clientId, caller: arrived.connection.caller })
  }

  /** Another node asks for a session. */
  give ({ from, clientId, caller }: WordOf<'adopt'>): void {
    const broker = this.#broker()
    const session = broker.sessions.get(clientId)
    const claimed = session !== undefined && claim(session, { caller, pushes: true } as Connection, true) === 'owner'
    if (!claimed || !isNew(session)) return this.#bus.send(from, { say: 'kept', clientId })
    const { identity, bound, delivery: { batch } } = session
    this.#remember(clientId, from)
    this.#bus.send(from, { say: 'adopted', clientId, session: { identity, caller: session.caller, bound, ack: batch !== null } })
    broker.end(session, 'moved')
  }

  #remember (clientId: string, node: string): void {
    this.#moved.set(clientId, node)
    const [oldest] = this.#moved.keys()
    if (this.#moved.size > MOST_MOVED) this.#moved.delete(oldest as string)
  }

  /** The session comes. */
  come ({ clientId, session: { identity, caller, bound, ack } }: WordOf<'adopted'>): void {
    const broker = this.#broker()
    this.adopted++
    const session = bear(broker, { id: clientId, caller, identity, ack })
    session.bound = bound
    broker.emit('handshake', session)
    for (const { incoming, connection, slot, alone } of this.#answered(clientId)) broker.admission.admit(incoming, connection, slot, alone)
  }

  /** It stays where it is. */
  kept ({ from, clientId }: WordOf<'kept'>): void {
    for (const arrived of this.#answered(clientId)) this.#guests.relay(arrived, from, clientId)
  }

  #answered (clientId: string): readonly Arrived[] {
    const waiting = this.#asked.get(clientId)?.waiting ?? []
    this.#asked.delete(clientId)
    return waiting
  }

  /** A session that came from another node is over. */
  ended ({ id }: Session): void {
    const node = nodeOf(id)
    if (node !== null && node !== this.#bus.name) this.#bus.send(node, { say: 'ended', clientId: id })
  }

  /** A session that went to another node is over. */
  forget (clientId: string): void {
    this.#moved.delete(clientId)
  }

  /** A node cannot be reached any more. */
  lost (node: string, gone: boolean): void {
    if (gone) for (const [clientId, to] of this.#moved) if (to === node) this.#moved.delete(clientId)
    for (const [clientId, asked] of this.#asked) if (asked.node === node) this.#refuse(clientId, gone)
  }

  /** Looks for what was not answered in time; called now and then. */
  sweep (): void {
    const time = now()
    for (const [clientId, { deadline }] of this.#asked) if (time >= deadline) this.#refuse(clientId, false)
  }

  #refuse (clientId: string, gone: boolean): void {
    for (const arrived of this.#answered(clientId)) this.#guests.refuse(arrived, clientId, gone)
  }
}

// Nothing has happened in it that could be missed on the way.
function isNew (session: Session): boolean {
  return !session.lifeline.connected && session.linkCount === 0 && session.subscriptions.size === 0 && session.waiting === 0 && session.lane.idle
}
