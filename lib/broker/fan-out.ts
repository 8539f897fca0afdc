import type { EventMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { Broker } from './broker.js'
import type { Session } from './session.js'

/**
 * Gives what was published to everybody interested, and tells those who watch.
 * @param event as the publisher sent it
 * @param sent as subscribers get it
 * @param except who does not get it
 */
export function fanOut (broker: Broker, { channel, data }: EventMessage, sent: EventMessage, publisher: Session | null, except?: readonly Session[]): void {
  broker.counters.published++
  broker.emit('publish', publisher, channel, data)
  const { watchers: { deliver }, subscriptions } = broker
  if (deliver.hasSubscribers) deliver.publish({ channel, data, session: publisher, receivers: subscriptions.interested(channel, except) })
  subscriptions.fanOut(channel, Outgoing.broadcast(sent), publisher, except)
}
