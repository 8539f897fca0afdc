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

// So much may be on its way to a client before its session is told that it is taken.
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

/**
 * A connection to this node that carries sessions of another one. To the connection it is a session like any other, that wants to
 * know when what was sent is taken, and when the client is gone; both are told to that node.
 */
export class Guest implements Carried {
  readonly number: number
  readonly connection: Connection
  /** Where its sessions live. */
  node: string
  /** Over HTTP: what is not answered yet, by slot. */
  readonly open = new Map<number, Open>()
  /** On a socket: the sessions, each with the id of its last connect. */
  readonly sessions = new Map<string, MessageId | undefined>()
  readonly #bus: Bus
  readonly #broker: () => Broker
  readonly #over: (guest: Guest) => void
  #sent = 0
  #reported = 0

  /** @param over told when there is nothing more to say */
  constructor (bus: Bus, broker: () => Broker, number: number, connection: Connection, node: string, over: (guest: Guest) => void) {
    this.#bus = bus
    this.#broker = broker
    this.number = number
    this.connection = connection
    this.node = node
    this.#over = over
    connection.sessions.add(this)
  }

  /** Its node has said something to a client. */
  answer ({ from, clientId, slot, whole, sent }: WordOf<'answer'>, lines: readonly string[]): void {
    this.node = from
    this.open.delete(slot)
    this.#sent = sent
    const messages = readMessages(lines).map(({ kind, json }) => Outgoing.spelled(kind, json))
    this.connection.send(messages, clientId, slot, whole)
    if (this.connection.pushes && this.#sent - this.#reported >= REPORT) this.flush()
    this.#endIfDone()
  }

  flush (): void {
    if (this.#sent === this.#reported || this.connection.waiting > REPORT) return
    this.#reported = this.#sent
    this.#bus.send(this.node, { say: 'taken', connection: this.number, sent: this.#sent })
  }

  lost (): void {
    this.#bus.send(this.node, { say: 'gone', connection: this.number })
    this.#end()
  }

  /** Its sessions cannot be reached any more: every client is told so. */
  fail (gone: boolean): void {
    for (const open of this.open.values()) this.#refuse(open, gone)
    for (const [clientId, id] of this.sessions) this.#say(clientId, id, { successful: false, ...excuse(clientId, gone) })
    this.#end()
  }

  /** What its node does not answer in time is answered here. */
  sweep (time: number): void {
    for (const [slot, open] of this.open) {
      if (time < open.deadline) continue
      this.open.delete(slot)
      this.#refuse(open, false)
    }
    this.#endIfDone()
  }

  #refuse ({ arrived, clientId }: Open, gone: boolean): void {
    const { error, advice } = excuse(clientId, gone)
    this.#broker().refuse({ ...arrived, session: null }, error, { advice })
  }

  /**
   * This node closes: its client is sent elsewhere, where its session goes on if it is back before that expires. What else
   * was passed on is answered by its node, as long as this one waits for open requests.
   */
  close (farewell: Farewell): void {
    const advice = () => farewell.retry(this.#broker().config.maxInterval / 2)
    for (const [slot, { arrived, clientId }] of this.open) {
      if (arrived.incoming.operation !== 'connect') continue
      this.open.delete(slot)
      this.#broker().answer({ ...arrived, session: null }, [{ ...replyTo(arrived.incoming.message, clientId), advice: advice() }])
    }
    if (!this.connection.bare) for (const [clientId, id] of this.sessions) this.#say(clientId, id, { successful: true, advice: advice() })
    if (this.open.size === 0) this.lost()
  }

  // Answers the connect that a socket has open, if its node has not.
  #say (clientId: string, id: MessageId | undefined, words: Pick<ReplyMessage, 'successful' | 'error' | 'advice'>): void {
    this.connection.send([Outgoing.reply({ channel: '/meta/connect', ...(id !== undefined && { id }), clientId, ...words })], clientId, 0)
  }

  /** Its last session has left the socket, or closes it. */
  leave (reason: CloseReason | null): void {
    this.#end()
    if (reason !== null && this.connection.sessions.size === 0) this.connection.close(reason)
  }

  #endIfDone (): void {
    if (!this.connection.pushes && this.open.size === 0) this.#end()
  }

  #end (): void {
    this.open.clear()
    this.sessions.clear()
    this.connection.sessions.delete(this)
    this.#over(this)
  }
}
