import type { Extension, IncomingMessage, OutgoingMessage, Session } from '../../types/index.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { EventMessage, ReplyMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import { after, type Eventually } from './after.js'
import { verdictOf } from './verdict.js'

/** The extensions as two pipelines. With none, or only synchronous ones, nothing waits. */
export class Extensions {
  readonly #incoming: Extension[]
  readonly #outgoing: Extension[]

  constructor (extensions: readonly Extension[]) {
    this.#incoming = extensions.filter(each => each.incoming !== undefined)
    this.#outgoing = extensions.filter(each => each.outgoing !== undefined).reverse()
  }

  /** Whether any of them looks at what goes out. */
  get changesOutgoing (): boolean {
    return this.#outgoing.length > 0
  }

  /** @returns null to go on, or why the message is refused */
  incoming (message: IncomingMessage, session: Session | null, from: number = 0): Eventually<Refusal | null> {
    for (let index = from; index < this.#incoming.length; index++) {
      const verdict = this.#incoming[index]?.incoming?.(message, session)
      if (verdict === undefined || verdict === true) continue
      return after(verdict as Exclude<typeof verdict, void>, said => {
        const refused = said === undefined ? null : verdictOf(said, refusal(403, message.channel, 'Refused by an extension'))
        return refused ?? this.incoming(message, session, index + 1)
      })
    }
    return null
  }

  /** @returns the message as it goes to this session, or null where an event is dropped */
  outgoing (outgoing: Outgoing, session: Session | null, from: number = 0): Eventually<Outgoing | null> {
    for (let index = from; index < this.#outgoing.length; index++) {
      const said = this.#outgoing[index]?.outgoing?.(outgoing.message, session)
      if (said === undefined) continue
      return after(said as Exclude<typeof said, void>, instead => {
        const changed = replace(outgoing, instead)
        return changed === null ? null : this.outgoing(changed, session, index + 1)
      })
    }
    return outgoing
  }
}

// An extension that answers the same message for many sessions keeps it shared: one JSON text, one frame.
const replaced = new WeakMap<object, Outgoing>()

function replace (outgoing: Outgoing, instead: void | false | OutgoingMessage): Outgoing | null {
  if (instead === undefined) return outgoing
  if (instead === false) return outgoing.kind === 'reply' ? outgoing : null
  const known = replaced.get(instead)
  if (known !== undefined) return known
  const made = remake(outgoing.kind, instead)
  replaced.set(instead, made)
  return made
}

function remake (kind: Outgoing['kind'], message: OutgoingMessage): Outgoing {
  if (kind === 'reply') return Outgoing.reply(message as ReplyMessage)
  return kind === 'broadcast' ? Outgoing.broadcast(message as EventMessage) : Outgoing.event(message as EventMessage)
}
