import type { Arrived, Connection } from '../../types/index.js'
import { isThenable } from '../broker/after.js'
import type { Broker } from '../broker/broker.js'
import type { Farewell } from '../broker/farewell.js'
import { now } from '../broker/wheel.js'
import { adviseHandshake } from '../protocol/advice.js'
import { refusal } from '../protocol/error.js'
import type { Bus } from './bus.js'
import { excuse, Guest } from './guest.js'
import type { WordOf } from './words.js'

/**
 * Connections to this node whose sessions live on others. Each message goes to the node of its session, and what that node says
 * comes back to the connection: held connects, batches, cookies and identities work as if the client had met it at once.
 */
export class Guests {
  readonly #bus: Bus
  readonly #broker: () => Broker
  readonly #byConnection = new WeakMap<Connection, Map<string, Guest>>()
  readonly #byNumber = new Map<number, Guest>()
  #last = 0
  /** Messages that were passed on, since start. */
  relayed = 0

  constructor (bus: Bus, broker: () => Broker) {
    this.#bus = bus
    this.#broker = broker
  }

  get size (): number {
    return this.#byNumber.size
  }

  /** Whether a session is known to live on a node, since it was spoken to over this connection. */
  knows (connection: Connection, node: string, clientId: string): boolean {
    return this.#byConnection.get(connection)?.get(node)?.sessions.has(clientId) === true
  }

  /** Passes a message on to the node of its session; the answer of that node answers it. */
  relay (arrived: Arrived, node: string, clientId: string): void {
    const { connection, incoming } = arrived
    const { renew } = this.#broker().authentication
    // The request is here, so what it proves is asked here.
    if (incoming.operation !== 'connect' || renew === undefined) return this.#relay(arrived, node, clientId)
    const denied = (error: unknown) => {
      this.#broker().log.info({ err: error }, 'a connect was not authenticated')
      this.#broker().refuse({ ...arrived, session: null }, refusal(401, clientId), { advice: adviseHandshake() })
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
    const guest = this.#of(connection, node)
    if (!connection.pushes) guest.open.set(slot, { arrived, clientId, deadline: now() + this.#patience(operation) })
    else if (operation === 'connect') guest.sessions.set(clientId, message.id)
    this.relayed++
    const { caller, pushes, bare } = connection
    const known = identity === undefined ? caller : { ...caller, identity }
    this.#bus.send(guest.node, { say: 'relay', connection: guest.number, clientId, operation, slot, alone, pushes, bare, caller: known }, [JSON.stringify(message)])
  }

  #patience (operation: string): number {
    const { config, limits } = this.#broker()
    return limits.relayTimeout + (operation === 'connect' ? config.timeout : 0)
  }

  #of (connection: Connection, node: string): Guest {
    const guests = this.#byConnection.get(connection) ?? new Map<string, Guest>()
    this.#byConnection.set(connection, guests)
    let guest = guests.get(node)
    if (guest === undefined) {
      const over = (guest: Guest) => {
        if (guests.get(node) === guest) guests.delete(node)
        this.#byNumber.delete(guest.number)
      }
      guests.set(node, guest = new Guest(this.#bus, this.#broker, ++this.#last, connection, node, over))
      this.#byNumber.set(guest.number, guest)
    }
    return guest
  }

  /** Nobody can be asked. @param gone whether the session is known to be gone */
  refuse (arrived: Arrived, clientId: string, gone: boolean = false): void {
    const { error, advice } = excuse(clientId, gone)
    this.#broker().refuse({ ...arrived, session: null }, error, { advice })
  }

  // What their nodes say

  answer (word: WordOf<'answer'>, lines: readonly string[]): void {
    this.#byNumber.get(word.connection)?.answer(word, lines)
  }

  async probe ({ from, connection: number }: WordOf<'probe'>): Promise<void> {
    const guest = this.#byNumber.get(number)
    const alive = guest !== undefined && await guest.connection.probe()
    this.#bus.send(from, { say: 'probed', connection: number, alive })
  }

  pause ({ connection: number }: WordOf<'pause'>): void {
    this.#byNumber.get(number)?.connection.pause()
  }

  resume ({ connection: number }: WordOf<'resume'>): void {
    this.#byNumber.get(number)?.connection.resume()
  }

  left ({ connection: number }: WordOf<'left'>): void {
    this.#byNumber.get(number)?.leave(null)
  }

  close ({ connection: number, reason }: WordOf<'close'>): void {
    this.#byNumber.get(number)?.leave(reason as 'shutdown')
  }

  /** A node cannot be reached any more. @param gone whether it is known to be gone, and its sessions with it */
  lost (node: string, gone: boolean): void {
    for (const guest of [...this.#byNumber.values()]) if (guest.node === node) guest.fail(gone)
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
