import type { Member, PresenceNews, Recipient } from '../../types/index.js'
import type { EventMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'

/**
 * Who is on one channel, and who watches it. Changes are gathered: told in one message, made once for all watchers,
 * when the roster is asked to; whoever begins to watch meanwhile gets the whole list then, and so nothing twice.
 *
 * It knows members, not sessions: those of another node would join and leave here as well.
 */
export class Roster {
  readonly channel: string
  readonly #toldOn: string
  readonly members = new Map<string, Member>()
  /** Those who have the list, and those who wait for it. */
  readonly #watchers = new Set<Recipient>()
  readonly #newcomers = new Set<Recipient>()
  readonly #joined = new Map<string, Member>()
  readonly #left = new Map<string, Member>()

  /** @param toldOn channel that watchers are told on */
  constructor (channel: string, toldOn: string) {
    this.channel = channel
    this.#toldOn = toldOn
  }

  get watchers (): number {
    return this.#watchers.size + this.#newcomers.size
  }

  /** Whether nobody is here, and nobody looks. */
  get empty (): boolean {
    return this.members.size === 0 && this.watchers === 0
  }

  join (member: Member): void {
    this.members.set(member.id, member)
    this.#joined.set(member.id, member)
  }

  /** @returns who it was; undefined where it was not here */
  leave (id: string): Member | undefined {
    const member = this.members.get(id)
    this.members.delete(id)
    // Who came and went in between was never there.
    if (member !== undefined && !this.#joined.delete(id)) this.#left.set(id, member)
    return member
  }

  /** Gives the list to a session, and then what changes; maybe once more. */
  watch (session: Recipient): void {
    this.#watchers.delete(session)
    this.#newcomers.add(session)
  }

  unwatch (session: Recipient): void {
    this.#watchers.delete(session)
    this.#newcomers.delete(session)
  }

  /** Tells what has changed since the last time. */
  tell (): void {
    const changes = {
      ...(this.#left.size > 0 && { leave: [...this.#left.values()] }),
      ...(this.#joined.size > 0 && { join: [...this.#joined.values()] })
    }
    const newcomers = [...this.#newcomers]
    this.#left.clear()
    this.#joined.clear()
    this.#newcomers.clear()
    if (this.#watchers.size > 0 && Object.keys(changes).length > 0) this.#say(changes, this.#watchers)
    if (newcomers.length === 0) return
    for (const session of newcomers) this.#watchers.add(session)
    this.#say({ members: [...this.members.values()] }, newcomers)
  }

  // A slow one may end here, and with it its own membership: what that changes is told the next time.
  #say (data: PresenceNews, sessions: Iterable<Recipient>): void {
    const event = Outgoing.broadcast({ channel: this.#toldOn, data } as EventMessage)
    for (const session of sessions) session.take(event)
  }
}
