import type { Member, PresenceNews } from '../../types/presence.js'
import { Emitter } from './emitter.js'
import { RealtimeError } from './error.js'
import { EventQueue } from './event-queue.js'
import { dispose } from './host.js'
import { onAbort } from './on-abort.js'
import { iterate } from './subscription.js'
import type { Subscriber, Subscriptions } from './subscriptions.js'

export interface PresenceEvents {
  /** Somebody has come; not those who were there when it began. */
  join: [member: Member]
  /** Somebody has gone. */
  leave: [member: Member]
}

interface Watching extends Subscriber {
  readonly presence: Presence
}

/**
 * Who is on a channel, until it is closed: by `close()`, `using`, the end of a loop over it, its signal, or the client.
 * A loop reads who is there: now, and again when that has changed. It outlives connections and sessions.
 */
export class Presence implements AsyncIterable<readonly Member[]>, Disposable {
  readonly channel: string
  /** Resolves when it is known who is there, rejects with a RealtimeError where the gateway does not tell. Nobody needs to look. */
  readonly ready: Promise<void>
  readonly #emitter = new Emitter<PresenceEvents>()
  readonly #lists = new EventQueue<readonly Member[]>(1, 'drop-oldest')
  #known: ReadonlyMap<string, Member> | undefined
  #arrive: () => void = () => {}
  #leave: () => void = () => {}
  #release: () => void = () => {}

  constructor (subscriptions: Subscriptions, channel: string, signal: AbortSignal | undefined) {
    this.channel = channel
    this.ready = new Promise((resolve, reject) => {
      this.#arrive = resolve
      const watching: Watching = {
        presence: this,
        granted: peer => {
          const other = (peer as Watching | undefined)?.presence
          if (other !== undefined && other.#known !== undefined) this.#hear({ members: other.members })
        },
        asked: () => {},
        state: () => {},
        event: ({ data }) => this.#hear(data as PresenceNews),
        ended: error => {
          reject(error ?? new RealtimeError('closed', `Closed: ${channel}`))
          this.#lists.end(error)
          this.#release()
        }
      }
      if (signal?.aborted !== true) this.#leave = subscriptions.join(`/service/presence${channel}`, undefined, watching)
      else watching.ended(null)
    })
    this.ready.catch(() => {})
    this.#release = onAbort(signal, () => this.close())
  }

  /** Who is there, in the order in which they came; nobody before it is known. */
  get members (): readonly Member[] {
    return [...this.#known?.values() ?? []]
  }

  /** @returns stops listening */
  on<Name extends keyof PresenceEvents> (name: Name, listener: (...details: PresenceEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener)
  }

  /** Ends it. */
  close (): void {
    this.#leave()
    this.#release()
    this.#lists.close()
  }

  [dispose] (): void {
    this.close()
  }

  [Symbol.asyncIterator] (): AsyncIterableIterator<readonly Member[], undefined> {
    return iterate(this.#lists, () => this.close())
  }

  // What a list changes is told as changes, too: it comes again with each new session.
  #hear ({ members, leave = [], join = [] }: PresenceNews): void {
    const before = this.#known
    // Changes without the list are of a page that was loaded again: they waited for it, and so does the list.
    if (members === undefined && before === undefined) return
    const now = new Map(members === undefined ? before : [])
    for (const { id } of leave) now.delete(id)
    for (const member of members ?? join) now.set(member.id, member)
    this.#known = now
    this.#arrive()
    this.#lists.push(this.members)
    for (const member of before?.values() ?? []) if (!now.has(member.id)) this.#emitter.emit('leave', member)
    for (const member of now.values()) if (before?.has(member.id) === false) this.#emitter.emit('join', member)
  }
}
