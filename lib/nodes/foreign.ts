import type { Broker } from '../broker/broker.js'
import { readChannel } from '../protocol/channel.js'
import { decode, Undecodable } from '../protocol/codec.js'
import type { EventMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'

/**
 * What somebody who is no node has published on the bus (docs/scaling.md): a JSON object with `data`, and maybe `id` and `ext`.
 * It is checked as a message of a client is.
 * @returns the event, or why it is none
 */
export function readForeign ({ channels, limits }: Pick<Broker, 'channels' | 'limits'>, channel: string, payload: string): Outgoing | { readonly wrong: string } {
  const shape = readChannel(channel, limits)
  if (shape === null || shape.pattern || shape.kind !== 'broadcast') return { wrong: 'no channel to publish to' }
  // The channel is that of the bus: what the object says of it does not count.
  const batch = decode(payload.replace(/\}\s*$/, `,"channel":${JSON.stringify(channel)}}`), limits)
  if (batch instanceof Undecodable) return { wrong: batch.error }
  const [one] = batch.incoming
  if (one?.operation !== 'publish') return { wrong: one?.operation === 'malformed' ? one.reply.error : 'no event' }
  const definition = channels?.of(channel) ?? null
  if (definition?.options.history !== undefined) return { wrong: 'a channel with a history is published to through a node' }
  const { data, id, ext } = one.message
  const misfit = definition?.refuse(channel, data) ?? null
  if (misfit !== null) return { wrong: misfit }
  return Outgoing.broadcast({ channel, data, ...(id !== undefined && { id }), ...(ext !== undefined && { ext }) } as EventMessage)
}
