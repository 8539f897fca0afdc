import type { Connection } from '../../types/index.js'
import type { Session } from './session.js'

/**
 * Who may speak for a session (docs/protocol.md, section 7).
 * - `owner`: go on.
 * - `ask`: it lives on another WebSocket, and the newcomer proves nothing but its clientId: the old one is asked first.
 * - `stranger`: answered as an id that never existed.
 *
 * A session is bound to its cookie on first use: once its handshake, an upgrade or a later request brought
 * it, all others must. On a live WebSocket it answers only to that socket; nothing but a connect moves it.
 * @param moves whether the message is a connect
 */
export function claim (session: Session, connection: Connection, moves: boolean): 'owner' | 'ask' | 'stranger' {
  if (session.connection === connection) return 'owner'
  const { caller, pushes } = connection
  // It came with the request, or the answer to this very upgrade set it: nobody else can know it.
  const proven = caller.cookie === session.caller.cookie
  if (session.bound && !proven) return 'stranger'
  if (session.connection === null || (moves && proven)) {
    // Faye opens its socket while it shakes hands, so both answers set a cookie, and for a moment a request
    // may bring the one or the other: a young session is bound by upgrades alone.
    session.bound ||= proven && caller.cookieCame && (pushes || session.settled)
    return 'owner'
  }
  return moves ? 'ask' : 'stranger'
}
