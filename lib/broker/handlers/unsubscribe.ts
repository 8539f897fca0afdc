import { plainData } from '../../protocol/binary.js'
import { serviceName } from '../../protocol/channel.js'
import { replyTo } from '../request.js'
import type { Session } from '../session.js'
import type { Handler } from './index.js'

/**
 * `/meta/unsubscribe` (docs/protocol.md, sections 2 and 6). A service is told `data` before its connection
 * ends. What is not subscribed (any more) is unsubscribed already: success.
 */
export const unsubscribe: Handler<'unsubscribe'> = (broker, request) => {
  const { message } = request.incoming
  const session = request.session as Session
  for (const channel of [message.subscription].flat()) {
    const link = session.links.get(serviceName(channel))
    if (link !== undefined && channel.startsWith('/service/')) {
      session.links.delete(link.service)
      link.end(plainData(message))
    }
    if (!session.subscriptions.delete(channel)) continue
    broker.subscriptions.remove(channel, session)
    broker.recorder?.replays.stop(session, channel)
    broker.emit('unsubscribe', session, channel)
  }
  broker.answer(request, [{ ...replyTo(message, session.id), subscription: message.subscription }])
}
