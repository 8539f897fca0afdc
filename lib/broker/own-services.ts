import type { OwnService } from '../../types/index.js'
import { plainData } from '../protocol/binary.js'
import { ownName, serviceName } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { PublishRequest } from '../protocol/message.js'
import { after, type Eventually } from './after.js'
import type { Broker } from './broker.js'
import type { Session } from './session.js'
import { verdictOf } from './verdict.js'

/** The service of the gateway itself that a channel belongs to; null where it is none. */
export function ownServiceOf (broker: Broker, channel: string): OwnService | null {
  const name = ownName(serviceName(channel))
  return name === null ? null : broker.own[name]
}

/**
 * Publishes to a service of the gateway itself.
 * @param answer tells the client: null is the acknowledgement
 */
export function publishToOwn (broker: Broker, own: OwnService, session: Session, message: PublishRequest, answer: (refused: Refusal | null) => void): Eventually<void> {
  const { channel, id } = message
  const name = serviceName(channel)
  return after(own.mayPublish(session, name), said => {
    const denied = denial(session, said, refusal(403, channel, 'Publishing denied'))
    if (denied !== null) return answer(denied)
    const data = plainData(message)
    if (data === undefined) return answer(refusal(422, channel, 'Data is no Z85'))
    const accepted = own.publish(session, name, data, id)
    if (typeof accepted === 'string') return answer(accepted)
    broker.emit('publish', session, channel, data)
    answer(null)
    accepted()
  })
}

/** Subscribes to a service of the gateway itself. @returns why not, or what begins after the reply */
export function subscribeToOwn (broker: Broker, own: OwnService, session: Session, channel: string): Eventually<Refusal | (() => void)> {
  const name = serviceName(channel)
  return after(own.maySubscribe(session, name), said => {
    const denied = denial(session, said, refusal(403, channel, 'Subscription denied'))
    const accepted = denied ?? own.subscribe(session, name)
    if (typeof accepted !== 'string' && !session.subscriptions.has(channel)) {
      session.subscriptions.add(channel)
      broker.emit('subscribe', session, channel)
    }
    return accepted
  })
}

// It may have ended while somebody was asked.
function denial (session: Session, said: unknown, otherwise: Refusal): Refusal | null {
  return session.ended ? refusal(402, session.id, 'Unknown client') : verdictOf(said, otherwise)
}
