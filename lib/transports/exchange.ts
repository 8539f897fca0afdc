import type { FastifyReply } from 'fastify'
import type { Caller, Carried, Connection } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { spellArray } from '../protocol/dialect.js'
import type { Outgoing } from '../protocol/outgoing.js'
import { Few } from '../broker/few.js'
import type { OpenRequest } from './open-requests.js'

/**
 * One HTTP request and its response as a connection: it ends when every message of the request has
 * its answer, and the answers go out in the order of the messages.
 */
export class Exchange implements Connection {
  readonly caller: Caller
  readonly bare: boolean
  readonly sessions = new Few<Carried>()
  open = true
  readonly #reply: FastifyReply
  readonly #broker: Pick<Broker, 'closing' | 'detach'>
  readonly #write: (reply: FastifyReply, text: string) => void
  readonly #slots: (readonly Outgoing[])[]
  #left: number

  /**
   * @param open the request
   * @param broker is told when the client went away before its answer; while it closes, the connection is not kept alive
   * @param messages how many messages the request holds
   * @param bare whether it was one object, not in an array
   * @param write sends the text of the answer
   */
  constructor (open: OpenRequest, broker: Pick<Broker, 'closing' | 'detach'>, caller: Caller, messages: number, bare: boolean, write: (reply: FastifyReply, text: string) => void = writeJson) {
    this.caller = caller
    this.bare = bare
    this.#reply = open.reply
    this.#broker = broker
    this.#write = write
    this.#slots = new Array(messages)
    this.#left = messages
    open.exchange = this
  }

  // Not fields, for many are parked: the same for all of them.

  get pushes (): false {
    return false
  }

  get waiting (): number {
    return 0
  }

  /** The response is over: did the client wait for it? */
  closed (): void {
    if (!this.open) return
    this.open = false
    this.#broker.detach(this)
  }

  send (messages: readonly Outgoing[], _clientId: string, slot: number): void {
    if (!this.open || this.#slots[slot] !== undefined) return
    this.#slots[slot] = messages
    if (--this.#left === 0) this.finish()
  }

  /** Answers with what there is. */
  finish (): void {
    this.open = false
    const [alone] = this.#slots
    const messages = alone !== undefined && this.#slots.length === 1 ? alone : this.#slots.flat()
    const [first] = messages
    const text = this.bare && messages.length === 1 && first?.count === 1 ? first.json : spellArray(messages)
    if (this.#broker.closing) this.#reply.header('connection', 'close')
    this.#write(this.#reply, text)
  }

  // An exchange has one chance to answer and reads no more: there is nobody to ask, to pause or to hang up on.
  async probe (): Promise<boolean> {
    return this.open
  }

  pause (): void {}

  resume (): void {}

  close (): void {}
}

function writeJson (reply: FastifyReply, text: string): void {
  reply.type('application/json; charset=utf-8').header('cache-control', 'no-store').send(text)
}
