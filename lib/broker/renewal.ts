import { refusal, type Refusal } from '../protocol/error.js'
import type { ConnectRequest } from '../protocol/message.js'
import { isThenable, type Eventually } from './after.js'
import type { Broker } from './broker.js'
import type { Request } from './request.js'
import type { Session } from './session.js'

/**
 * The identity that a connect brings (docs/protocol.md, section 7): it must be the session's, and a fresh
 * one of the same person renews it. Who brings none is believed by cookie and clientId alone.
 * @returns null to go on, 402 where it is somebody else, 401 where the application does not accept it
 */
export function renew (broker: Broker, request: Request<{ operation: 'connect', message: ConnectRequest }>, session: Session): Eventually<Refusal | null> {
  const { renew: ask, sameIdentity } = broker.authentication
  if (ask === undefined) return null
  const { connection, incoming: { message } } = request
  const { caller } = connection
  const failed = (error: unknown): Refusal => {
    session.log.info({ err: error }, 'a connect was not authenticated')
    return refusal(401, session.id)
  }
  const compare = (identity: unknown): Refusal | null => {
    if (identity === undefined) return null
    if (session.ended || !sameIdentity(identity, session.identity)) return refusal(402, session.id, 'Unknown client')
    session.renew(identity)
    return null
  }
  // Another node has asked, where the request is.
  if (connection.identityOf !== undefined) return compare(connection.identityOf(message))
  if (caller.identity !== undefined) return compare(caller.identity)
  try {
    const asked = ask(caller, message, session)
    return isThenable(asked) ? asked.then(compare).then(undefined, failed) : compare(asked)
  } catch (error) {
    return failed(error)
  }
}
