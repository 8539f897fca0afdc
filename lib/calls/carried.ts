import type { EventMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'

/** A message for one session, counted as what the application delivers; null where JSON cannot carry it. */
export function carried (message: object): Outgoing | null {
  const outgoing = Outgoing.broadcast(message as EventMessage)
  try {
    return outgoing.json === '' ? null : outgoing
  } catch {
    return null
  }
}
