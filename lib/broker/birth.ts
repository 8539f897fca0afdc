import type { Caller } from '../../types/index.js'
import type { Broker } from './broker.js'
import { Session } from './session.js'

/** What a session begins with. */
export interface Beginning {
  readonly id: string
  readonly caller: Caller
  readonly identity: unknown
  /** Whether its client acknowledges what it gets. */
  readonly ack: boolean
}

let born = 0

/** A new session of this node: by a handshake, or come from another node. */
export function bear (broker: Broker, { id, caller, identity, ack }: Beginning): Session {
  const session = new Session(broker, id, ++born, caller, identity)
  if (ack) session.delivery.keepUnacknowledged()
  broker.sessions.set(id, session)
  return session
}
