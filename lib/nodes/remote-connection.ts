import type { Caller, Carried, CloseReason, Connection } from '../../types/index.js'
import { Few } from '../broker/few.js'
import { Session } from '../broker/session.js'
import { now } from '../broker/wheel.js'
import type { Outgoing } from '../protocol/outgoing.js'
import type { Bus } from './bus.js'
import { spellMessages } from './words.js'

// As long as a WebSocket itself is given to answer, and the way there and back.
const PROBE_WAIT = 4000

/**
 * A connection of a client to another node, as the node sees it on which its session lives: what is sent to it goes over
 * the bus, and how much of it waits there is what that node says.
 */
export class RemoteConnection implements Connection {
  readonly node: string
  readonly number: number
  readonly caller: Caller
  readonly pushes: boolean
  bare = false
  open = true
  readonly sessions: Few<Carried>
  /** What connects prove, as the other node was told. */
  readonly #identities = new WeakMap<object, unknown>()
  /** Messages that came by it. */
  #heard = 0
  /** Since when it carries none, on the clock of `now`. */
  #empty = now()
  readonly #bus: Bus
  readonly #over: (connection: RemoteConnection) => void
  // Messages over HTTP that are not answered yet.
  #unanswered = 0
  #sent = 0
  #taken = 0
  #probed: ((alive: boolean) => void) | null = null

  /**
   * @param node where it is
   * @param number its name there
   * @param over told when nothing more goes to it: it was closed, or an exchange has all its answers
   */
  constructor (bus: Bus, node: string, number: number, caller: Caller, pushes: boolean, over: (connection: RemoteConnection) => void) {
    this.#bus = bus
    this.#over = over
    this.node = node
    this.number = number
    this.caller = caller
    this.pushes = pushes
    this.sessions = pushes ? new Passengers(session => this.#left(session)) : new Few<Carried>()
  }

  get waiting (): number {
    return this.#sent - this.#taken
  }

  send (messages: readonly Outgoing[], clientId: string, slot: number, whole: boolean = false): void {
    if (!this.open) return
    if (this.pushes) for (const { bytes } of messages) this.#sent += bytes
    this.#bus.send(this.node, { say: 'answer', connection: this.number, clientId, slot, whole, sent: this.#sent }, spellMessages(messages))
    if (!this.pushes && --this.#unanswered === 0) this.#end()
  }

  /** One more message came by it. */
  receive (message: object, bare: boolean, identity: unknown): void {
    this.bare = bare
    this.#heard++
    this.#unanswered++
    if (identity !== undefined) this.#identities.set(message, identity)
  }

  identityOf (message: object): unknown {
    return this.#identities.get(message)
  }

  /** The other node says how much of what was sent its network has taken. */
  take (sent: number): void {
    this.#taken = sent
    for (const session of this.sessions) session.flush()
  }

  probe (): Promise<boolean> {
    if (!this.open) return Promise.resolve(false)
    return new Promise(resolve => {
      const timer = setTimeout(() => this.probed(false), PROBE_WAIT).unref()
      const earlier = this.#probed
      this.#probed = alive => {
        clearTimeout(timer)
        this.#probed = null
        earlier?.(alive)
        resolve(alive)
      }
      this.#say('probe')
    })
  }

  /** The client has answered, or has not. */
  probed (alive: boolean): void {
    this.#probed?.(alive)
  }

  pause (): void {
    this.#say('pause')
  }

  resume (): void {
    this.#say('resume')
  }

  close (reason: CloseReason): void {
    if (!this.open || !this.pushes) return
    this.#bus.send(this.node, { say: 'close', connection: this.number, reason })
    this.#end()
  }

  /** It is gone. */
  lose (): void {
    this.probed(false)
    this.#end()
  }

  #end (): void {
    this.open = false
    this.#over(this)
  }

  // Who lets go of it may close it in the same breath.
  #left (session: Carried): void {
    this.#empty = now()
    queueMicrotask(() => {
      if (session instanceof Session) this.#sayLeft(session.id)
    })
  }

  /** Looks whether it is of use; called now and then. @param patience ms that it may carry none */
  sweep (patience: number): void {
    if (this.pushes && this.sessions.size === 0 && now() - this.#empty >= patience) this.#sayLeft(null)
  }

  // The other node may have said more meanwhile, so it hears up to where this is true.
  #sayLeft (clientId: string | null): void {
    if (this.open) this.#bus.send(this.node, { say: 'left', connection: this.number, clientId, heard: this.#heard })
  }

  #say (say: 'probe' | 'pause' | 'resume'): void {
    if (this.open) this.#bus.send(this.node, { say, connection: this.number })
  }
}

/** The sessions of this node on a socket of another, which is told who leaves. */
class Passengers extends Few<Carried> {
  readonly #left: (session: Carried) => void

  constructor (left: (session: Carried) => void) {
    super()
    this.#left = left
  }

  override delete (session: Carried): boolean {
    const deleted = super.delete(session)
    if (deleted) this.#left(session)
    return deleted
  }
}
