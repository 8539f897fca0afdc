import type { Arrived, CloseReason, Connection } from '../../types/index.js'
import { isThenable } from '../broker/after.js'
import type { Broker } from '../broker/broker.js'
import type { Farewell } from '../broker/farewell.js'
import { now } from '../broker/wheel.js'
import { adviseHandshake } from '../protocol/advice.js'
import { refusal } from '../protocol/error.js'
import type { Checked } from '../protocol/message.js'
import type { Bus } from './bus.js'
import { excuse, Guest, type GuestParts } from './guest.js'
import type { WordOf } from './words.js'

/**
 * Connections to this node whose sessions live on others. Each message goes to the node of its session, and what that node says
 * comes back to the connection: held connects, batches, cookies and identities work as if the client had met it at once.
 */
export class Guests {
  readonly #parts: GuestParts
  readonly #byConnection = new WeakMap<Connection, Map<string, Guest>>()
  readonly #byNode = new Map<string, Set<Guest>>()
  readonly #byNumber = new Map<number, Guest>()
  #last = 0
  /** Messages that were passed on, since start. */
  relayed = 0

  constructor (bus: Bus, broker: () => Broker) {
    this.#parts = { bus, broker, over: guest => this.#remove(guest) }
  }

  get size (): number {
    return this.#byNumber.size
  }

  /** The node of a session that is known to be on this socket; null where it is not. */
  homeOn (connection: Connection, clientId: string): string | null {
    for (const [node, guest] of this.#byConnection.get(connection) ?? []) if (guest.carries(clientId)) return node
    return null
  }

  /** Passes a message on to the node of its session; the answer of that node answers it. */
  relay (arrived: Arrived, node: string, clientId: string): void {
    const { connection, incoming } = arrived
    const broker = this.#parts.broker()
    const { renew } = broker.authentication
    // The request is here, so what it proves is asked here.
    if (incoming.operation !== 'connect' || renew === undefined) return this.#relay(arrived, node, clientId)
    const denied = (error: unknown) => {
      broker.log.info({ err: error }, 'a connect was not authenticated')
      broker.refuse({ ...arrived, session: null }, refusal(401, clientId), { advice: adviseHandshake() })
    }
    const known = (identity: unknown) => this.#relay(arrived, node, clientId, identity)
    try {
      const asked = renew(connection.caller, incoming.message, null)
      if (isThenable(asked)) asked.then(known).then(undefined, denied)
      else known(asked)
    } catch (error) {
      denied(error)
    }
  }

  #relay (arrived: Arrived, node: string, clientId: string, identity?: unknown): void {
    const { connection, slot, alone, incoming: { operation, message } } = arrived
    if (!connection.open) return
    // Authentication may have taken its time.
    if (!this.#parts.bus.up) return this.refuse(arrived, clientId)
    const guest = this.#of(connection, node)
    guest.pass(arrived, clientId, now() + this.#patience(operation))
    this.relayed++
    const { caller, pushes, bare } = connection
    this.#parts.bus.send(node, { say: 'relay', connection: guest.number, clientId, operation, slot, alone, pushes, bare, caller, identity }, [JSON.stringify(message)])
  }

  #patience (operation: string): number {
    const { config, limits } = this.#parts.broker()
    return limits.relayTimeout + (operation === 'connect' ? config.timeout : 0)
  }

  #of (connection: Connection, node: string): Guest {
    const guests = this.#byConnection.get(connection) ?? new Map<string, Guest>()
    this.#byConnection.set(connection, guests)
    const known = guests.get(node)
    if (known !== undefined) return known
    const guest = new Guest(this.#parts, ++this.#last, connection, node)
    const there = this.#byNode.get(node) ?? new Set<Guest>()
    guests.set(node, guest)
    this.#byNumber.set(guest.number, guest)
    this.#byNode.set(node, there.add(guest))
    return guest
  }

  #remove (guest: Guest): void {
    const { connection, node, number } = guest
    const guests = this.#byConnection.get(connection)
    if (guests?.get(node) === guest) guests.delete(node)
    this.#byNumber.delete(number)
    const there = this.#byNode.get(node)
    there?.delete(guest)
    if (there?.size === 0) this.#byNode.delete(node)
  }

  /** Nobody can be asked. @param gone whether the session is known to be gone */
  refuse (arrived: Arrived, clientId: string, gone: boolean = false): void {
    const { error, advice } = excuse(clientId, gone)
    this.#parts.broker().refuse({ ...arrived, session: null }, error, { advice })
  }

  // What their nodes say

  answer (word: WordOf<'answer'>, lines: readonly string[]): void {
    const guest = this.#byNumber.get(word.connection)
    if (guest !== undefined) guest.answer(word, lines)
    else this.#parts.bus.send(word.from, { say: 'gone', connection: word.connection })
  }

  /** A message reached a node where its session is no more. @returns it, to be sent after the session; null where nobody waits for it */
  takeBack ({ connection: number, operation, slot, alone }: WordOf<'relay'>, line: string): Arrived | null {
    const guest = this.#byNumber.get(number)
    if (guest === undefined) return null
    const { connection } = guest
    return connection.pushes ? { incoming: { operation, message: JSON.parse(line) } as Checked, connection, slot, alone } : guest.giveUp(slot)
  }

  async probe ({ from, connection: number }: WordOf<'probe'>): Promise<void> {
    const guest = this.#byNumber.get(number)
    const alive = guest !== undefined && await guest.connection.probe()
    this.#parts.bus.send(from, { say: 'probed', connection: number, alive })
  }

  pause ({ connection: number }: WordOf<'pause'>, paused: boolean): void {
    this.#byNumber.get(number)?.pause(paused)
  }

  left (word: WordOf<'left'>): void {
    this.#byNumber.get(word.connection)?.leave(word)
  }

  close ({ connection: number, reason }: WordOf<'close'>): void {
    this.#byNumber.get(number)?.hangUp(reason as CloseReason)
  }

  /** What was under way with a node is over. @param gone whether it is known to be gone, and its sessions with it */
  parted (node: string, gone: boolean): void {
    for (const guest of [...this.#byNode.get(node) ?? []]) guest.fail(gone)
  }

  /** Looks for what was not answered in time; called now and then. */
  sweep (): void {
    const time = now()
    for (const guest of this.#byNumber.values()) guest.sweep(time)
  }

  /** This node closes. */
  shut (farewell: Farewell): void {
    for (const guest of [...this.#byNumber.values()]) guest.close(farewell)
  }
}
