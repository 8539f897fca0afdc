import type { Link, Verdict } from '../../../types/index.js'
import { plainData } from '../../protocol/binary.js'
import { readChannel, RPC, serviceName } from '../../protocol/channel.js'
import { refusal, type Refusal } from '../../protocol/error.js'
import type { EventMessage, PublishRequest } from '../../protocol/message.js'
import { Outgoing } from '../../protocol/outgoing.js'
import { after, isThenable, type Eventually } from '../after.js'
import type { Broker } from '../broker.js'
import { ownServiceOf, publishToOwn } from '../own-services.js'
import { replyTo, type Request } from '../request.js'
import type { Session } from '../session.js'
import { verdictOf } from '../verdict.js'
import type { Handler } from './index.js'

/**
 * A publish (docs/protocol.md, section 2): to a channel, where it is acknowledged once it is kept, where the channel
 * has a history, and queued for every subscriber, or to a service, where the acknowledgement waits while the service reads too slowly.
 */
export const publish: Handler<'publish'> = (broker, request) => {
  const { message } = request.incoming
  const session = request.session as Session | null
  const shape = readChannel(message.channel, broker.limits)
  if (shape === null || shape.pattern) return broker.refuse(request, refusal(405, message.channel, 'Nobody may publish to a pattern'))
  if (session === null && shape.kind === 'service') return broker.refuse(request, refusal(402, '', 'Unknown client'))
  return after(ask(broker, request, session), said => {
    const denied = said === true ? null : verdictOf(said, refusal(403, message.channel, 'Publishing denied'))
    if (denied !== null) return broker.refuse(request, denied)
    if (session !== null && shape.kind === 'service') return toService(broker, request, session, message)
    const { channel, data, id, ext } = message
    const misfit = broker.channels?.of(channel)?.refuse(channel, data) ?? null
    if (misfit !== null) return broker.refuse(request, misfit)
    // Of its ext only what receivers need to read the data: the rest may hold credentials.
    const shown = ext?.binary === undefined ? undefined : { binary: ext.binary }
    const published = broker.publish(channel, data, session, { id, ext: shown })
    if (published === null) return broker.answer(request, [replyTo(message)])
    return after(published, refused => answer(broker, request, message, refused))
  })
}

function ask (broker: Broker, { connection, incoming: { message } }: Parameters<typeof publish>[1], session: Session | null): Verdict {
  const { policy } = broker
  const { channel, data } = message
  if (session === null) return policy.canPublishWithoutSession?.(connection.caller, channel, data) ?? false
  // An answer was asked for: nobody else's leave is needed.
  return policy.canPublish === undefined || channel === RPC || policy.canPublish(session, channel, data)
}

function toService (broker: Broker, request: Request, session: Session, message: PublishRequest): Eventually<void> {
  const link = session.links.get(serviceName(message.channel))
  const own = link === undefined ? ownServiceOf(broker, message.channel) : null
  if (own !== null) return publishToOwn(broker, own, session, message, refused => answer(broker, request, message, refused))
  const written = write(broker, session, message, link)
  // The lane goes on while an acknowledgement is withheld: the order of what was written is the link's.
  if (isThenable(written)) written.then(refused => answer(broker, request, message, refused))
  else answer(broker, request, message, written)
}

function write (broker: Broker, session: Session, message: PublishRequest, link: Link | undefined): Eventually<Refusal | null> {
  const { channel } = message
  const data = plainData(message)
  if (data === undefined) return refusal(422, channel, 'Data is no Z85')
  if (link !== undefined) {
    broker.emit('publish', session, channel, data)
    return link.write(data)
  }
  if (broker.serviceListeners.has(channel)) {
    broker.emit('publish', session, channel, data)
    broker.serviceListeners.exactly(channel, Outgoing.event({ channel, data } as EventMessage), session)
    return null
  }
  return refusal(404, channel, broker.services.has(serviceName(channel)) ? 'Service is not subscribed' : 'Unknown service')
}

function answer (broker: Broker, request: Request, message: PublishRequest, refused: Refusal | null): void {
  const reply = replyTo(message)
  if (refused !== null) Object.assign(reply, { successful: false, error: refused })
  broker.answer(request, [reply])
}
