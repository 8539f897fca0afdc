import type { Appended } from '../../types/index.js'
import type { EventMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { Broker } from './broker.js'
import type { Session } from './session.js'

/**
 * Gives what was published here to everybody interested, on this node and on others, and tells those who watch.
 * @param event as the publisher sent it
 * @param sent as subscribers get it
 * @param except who does not get it
 * @param kept where it is kept in a history that other nodes share
 */
export function fanOut (broker: Broker, event: EventMessage, sent: EventMessage, publisher: Session | null, except?: readonly Session[], kept: Appended | null = null): void {
  const outgoing = announce(broker, event, sent, publisher, kept)
  handOut(broker, outgoing, event.channel, publisher, except)
}

/** Tells other nodes, and those who watch, of what was published here. @returns the event as subscribers get it */
export function announce (broker: Broker, { channel, data }: EventMessage, sent: EventMessage, publisher: Session | null, kept: Appended | null): Outgoing {
  broker.counters.published++
  broker.emit('publish', publisher, channel, data)
  const outgoing = Outgoing.broadcast(sent)
  broker.nodes?.publish(channel, outgoing, kept)
  return outgoing
}

/** Gives an event to everybody interested on this node, whoever published it. */
export function handOut (broker: Broker, event: Outgoing, channel: string, publisher: Session | null, except?: readonly Session[]): void {
  const { watchers: { deliver }, subscriptions } = broker
  if (deliver.hasSubscribers) deliver.publish({ channel, data: event.message.data, session: publisher, receivers: subscriptions.interested(channel, except) })
  subscriptions.fanOut(channel, event, publisher, except)
}
