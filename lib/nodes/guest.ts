import type { Arrived, Carried, CloseReason, Connection } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import type { Farewell } from '../broker/farewell.js'
import { replyTo } from '../broker/request.js'
import { adviseHandshake, adviseRetry, type Advice } from '../protocol/advice.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { MessageId, ReplyMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { Bus } from './bus.js'
import { readMessages, type WordOf } from './words.js'

// As much as a client may take without a word.
const REPORT = 32 * 1024
/** ms until a client may try again what could not reach its session. */
export const LATER = 1000

/** Why a message cannot be answered, and what to do about it. */
export interface Excuse {
  readonly error: Refusal
  readonly advice: Advice
}

/** The session is gone, or nobody knows. */
export function excuse (clientId: string, gone: boolean): Excuse {
  return gone
    ? { error: refusal(402, clientId, 'Unknown client'), advice: adviseHandshake() }
    : { error: refusal(503, '', 'The node of this session cannot be reached'), advice: adviseRetry(LATER) }
}

/** A message that its session has not answered yet. */
export interface Open {
  readonly arrived: Arrived
  readonly clientId: string
  /** On the clock of `now`. */
  readonly deadline: number
}

/** A connect on a socket: its id, and which message it was of those that were passed on. */
interface Connect {
  readonly id: MessageId | undefined
  readonly number: number
}

/** What a guest is made of; `guests.ts` hands it over. */
export interface GuestParts {
  readonly bus: Bus
  readonly broker: () => Broker
  /** Told when there is nothing more to say. */
  readonly over: (guest: Guest) => void
}

/**
 * A connection to this node that carries sessions of another one. To the connection it is a session like any other, that wants to
 * know when what was sent is taken, and when the client is gone; both are told to that node.
 */
export class Guest implements Carried {
  readonly number: number
  readonly connection: Connection
  /** Where its sessions live. */
  readonly node: string
  /** Over HTTP: what is not answered yet, by slot. */
  readonly open = new Map<number, Open>()
  /** On a socket: the sessions, each with its last connect. */
  readonly #sessions = new Map<string, Connect>()
  readonly #parts: GuestParts
  /** Messages that were passed on. */
  #said = 0
  #sent = 0
  #reported = 0
  #paused = false

  constructor (parts: GuestParts, number: number, connection: Connection, node: string) {
    this.#parts = parts
    this.number = number
    this.connection = connection
    this.node = node
    connection.sessions.add(this)
  }

  /** Whether a session is known to be on this socket. */
  carries (clientId: string): boolean {
    return this.#sessions.has(clientId)
  }

  /** A message of the client is passed on. */
  pass (arrived: Arrived, clientId: string, deadline: number): void {
    const { operation, message } = arrived.incoming
    this.#said++
    if (!this.connection.pushes) this.open.set(arrived.slot, { arrived, clientId, deadline })
    else if (operation === 'connect' && this.#mayCarry(clientId)) this.#sessions.set(clientId, { id: message.id, number: this.#said })
  }

  // Ids may be invented; there are never more sessions than this.
  #mayCarry (clientId: string): boolean {
    return this.#sessions.has(clientId) || this.#sessions.size < this.#parts.broker().limits.sessionsPerSocket
  }

  /** Its node has said something to a client. */
  answer ({ clientId, slot, whole, sent }: WordOf<'answer'>, lines: readonly string[]): void {
    this.open.delete(slot)
    this.#sent = sent
    const messages = readMessages(lines).map(({ kind, json }) => Outgoing.spelled(kind, json))
    this.connection.send(messages, clientId, slot, whole)
    if (this.connection.pushes && this.#sent - this.#reported >= this.#bound) this.flush()
    this.#endIfDone()
  }

  // So much may be on its way to a client before its session is told that it is taken; less than makes services wait for it.
  get #bound (): number {
    return Math.min(REPORT, this.#parts.broker().limits.clientResumed / 2)
  }

  flush (): void {
    if (this.#sent === this.#reported || this.connection.waiting > this.#bound) return
    this.#reported = this.#sent
    this.#parts.bus.send(this.node, { say: 'taken', connection: this.number, sent: this.#sent })
  }

  /** Its node wants the client to be read no more, or again. */
  pause (paused: boolean): void {
    if (paused) this.connection.pause()
    else this.connection.resume()
    this.#paused = paused
  }

  lost (): void {
    this.#parts.bus.send(this.node, { say: 'gone', connection: this.number })
    this.end()
  }

  /** Its sessions cannot be reached any more: every client is told so. */
  fail (gone: boolean): void {
    for (const open of this.open.values()) this.#refuse(open, gone)
    for (const [clientId, { id }] of this.#sessions) this.#say(clientId, id, { successful: false, ...excuse(clientId, gone) })
    this.end()
  }

  /** What its node does not answer in time is answered here. */
  sweep (time: number): void {
    if (this.connection.pushes) return
    for (const [slot, open] of this.open) {
      if (time < open.deadline) continue
      this.open.delete(slot)
      this.#refuse(open, false)
    }
    // Nothing is answered to it any more.
    if (this.open.size === 0) this.lost()
  }

  #refuse ({ arrived, clientId }: Open, gone: boolean): void {
    const { error, advice } = excuse(clientId, gone)
    this.#parts.broker().refuse({ ...arrived, session: null }, error, { advice })
  }

  /**
   * This node closes: its client is sent elsewhere, where its session goes on if it is back before that expires. What else
   * was passed on is answered by its node, as long as this one waits for open requests.
   */
  close (farewell: Farewell): void {
    const advice = () => farewell.retry(this.#parts.broker().config.maxInterval / 2)
    for (const [slot, { arrived, clientId }] of this.open) {
      if (arrived.incoming.operation !== 'connect') continue
      this.open.delete(slot)
      this.#parts.broker().answer({ ...arrived, session: null }, [{ ...replyTo(arrived.incoming.message, clientId), advice: advice() }])
    }
    if (!this.connection.bare) for (const [clientId, { id }] of this.#sessions) this.#say(clientId, id, { successful: true, advice: advice() })
    if (this.open.size === 0) this.lost()
  }

  // Answers the connect that a socket has open, if its node has not.
  #say (clientId: string, id: MessageId | undefined, words: Pick<ReplyMessage, 'successful' | 'error' | 'advice'>): void {
    this.connection.send([Outgoing.reply({ channel: '/meta/connect', ...(id !== undefined && { id }), clientId, ...words })], clientId, 0)
  }

  /** A session has left the socket, or (null) none is on it; so it was when so much had been heard there. */
  leave ({ clientId, heard }: WordOf<'left'>): void {
    if (clientId === null) {
      if (heard === this.#said) this.lost()
    } else if ((this.#sessions.get(clientId)?.number ?? Infinity) <= heard) this.#sessions.delete(clientId)
  }

  /** The node of its sessions hangs up. */
  hangUp (reason: CloseReason): void {
    this.end()
    if (this.connection.sessions.size === 0) this.connection.close(reason)
  }

  /** What it was asked is answered by another. @returns the message; null where it is answered already */
  giveUp (slot: number): Arrived | null {
    const arrived = this.open.get(slot)?.arrived ?? null
    this.open.delete(slot)
    this.#endIfDone()
    return arrived
  }

  #endIfDone (): void {
    if (!this.connection.pushes && this.open.size === 0) this.end()
  }

  end (): void {
    this.open.clear()
    this.#sessions.clear()
    if (this.#paused) this.pause(false)
    this.connection.sessions.delete(this)
    this.#parts.over(this)
  }
}
