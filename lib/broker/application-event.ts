import { readChannel } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { Broker } from './broker.js'

/**
 * Why the application may not publish something; null where it may. Of what is said of a channel only the schema counts:
 * its rules and its rate are for clients.
 * @returns 400 where the channel is malformed, a pattern, or no broadcast channel; 422 where the data does not fit its schema
 */
export function refuseEvent ({ channels, limits }: Pick<Broker, 'channels' | 'limits'>, channel: string, data: unknown): Refusal | null {
  // An application without types may hand over anything.
  const shape = typeof channel === 'string' ? readChannel(channel, limits) : null
  if (shape === null) return refusal(400, String(channel), 'Malformed channel')
  if (shape.pattern || shape.kind !== 'broadcast') return refusal(400, channel, 'Only broadcast channels can be published to')
  return channels?.of(channel)?.refuse(channel, data) ?? null
}
