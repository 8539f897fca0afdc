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

/** A word for a session, which may have moved. */
export type ForSession = WordOf<'relay' | 'adopt' | 'deliver' | 'disconnect' | 'call' | 'uncall'>

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

  /**
   * Sees to a word for a session that has gone to another node: who waits for an answer is told where it is, and the rest goes after it.
   * @returns false where it has not
   */
  follow (word: ForSession, lines: readonly string[]): boolean {
    const { from, say, clientId } = word
    const node = this.#moved.get(clientId)
    // Who sends it after a session that it has itself has none any more.
    if (node === undefined || (node === from && say !== 'relay' && say !== 'adopt')) return false
    if (say === 'relay' || say === 'adopt') this.#bus.send(from, { say: 'moved', clientId, node, relayed: say === 'relay' ? word : null }, lines)
    else this.#bus.pass(node, word, lines)
    return true
  }

  /** Takes a message for a session of another node: the first connect on a socket asks for the session itself. */
  take (arrived: Arrived, node: string, clientId: string): void {
    const asked = this.#asked.get(clientId)
    if (asked !== undefined) {
      if (asked.waiting.length >= this.#broker().limits.relayWaiting) this.#guests.refuse(arrived, clientId)
      else asked.waiting.push(arrived)
    } else if (this.#mayMove(arrived, clientId)) this.#ask([arrived], node, clientId)
    else this.#guests.relay(arrived, node, clientId)
  }

  #mayMove ({ connection, incoming }: Arrived, clientId: string): boolean {
    const { sessions, limits } = this.#broker()
    return incoming.operation === 'connect' && connection.pushes && sessions.size < limits.sessions && this.#guests.homeOn(connection, clientId) === null
  }

  #ask (waiting: Arrived[], node: string, clientId: string): void {
    const [{ connection }] = waiting as [Arrived]
    this.#asked.set(clientId, { node, waiting, deadline: now() + this.#broker().limits.relayTimeout })
    this.#bus.send(node, { say: 'adopt', clientId, caller: connection.caller })
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
    this.#moved.delete(clientId)
    const session = bear(broker, { id: clientId, caller, identity, ack })
    session.bound = bound
    broker.emit('handshake', session)
    this.#admit(this.#answered(clientId))
  }

  /** It stays where it is. */
  kept ({ from, clientId }: WordOf<'kept'>): void {
    for (const arrived of this.#answered(clientId)) this.#guests.relay(arrived, from, clientId)
  }

  /** Another node says where a session of its own has gone, for it was asked for it, or for its answer to a message. */
  moved ({ from, clientId, node, relayed }: WordOf<'moved'>, [line = '']: readonly string[]): void {
    const waiting = [...this.#answered(clientId)]
    const arrived = relayed === null ? null : this.#guests.takeBack(relayed, line)
    if (arrived !== null) waiting.push(arrived)
    if (node !== this.#bus.name) this.#remember(clientId, node)
    // It came here, and is over; or it got lost on the way.
    else if (!this.#broker().sessions.has(clientId)) this.#bus.send(from, { say: 'ended', clientId })
    this.#admit(waiting)
  }

  #admit (waiting: readonly Arrived[]): void {
    for (const { incoming, connection, slot, alone } of waiting) this.#broker().admission.admit(incoming, connection, slot, alone)
  }

  #answered (clientId: string): readonly Arrived[] {
    const waiting = this.#asked.get(clientId)?.waiting ?? []
    this.#asked.delete(clientId)
    return waiting
  }

  /** A session that came from another node is over, and has not gone on to a third. */
  ended ({ id }: Session): void {
    const node = nodeOf(id)
    if (node !== null && node !== this.#bus.name && !this.#moved.has(id)) this.#bus.send(node, { say: 'ended', clientId: id })
  }

  /** A session that went to another node is over. */
  forget (clientId: string): void {
    this.#moved.delete(clientId)
  }

  /** What was under way with a node is over. @param gone whether it is known to be gone, and its sessions with it */
  parted (node: string, gone: boolean): void {
    for (const [clientId, asked] of this.#asked) if (asked.node === node) this.#refuse(clientId, gone)
  }

  /** A node is gone, and with it the sessions that went there. */
  lost (node: string): void {
    for (const [clientId, to] of this.#moved) if (to === node) this.#moved.delete(clientId)
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
