import { adviseNone } from '../../protocol/advice.js'
import { replyTo } from '../request.js'
import type { Session } from '../session.js'
import type { Handler } from './index.js'

/** `/meta/disconnect` (docs/protocol.md, section 2): the held connect is released, everything of the session is freed. */
export const disconnect: Handler<'disconnect'> = (broker, request) => {
  const session = request.session as Session
  session.lifeline.release({ advice: adviseNone() })
  broker.answer(request, [replyTo(request.incoming.message, session.id)])
  broker.end(session, 'disconnected')
}
