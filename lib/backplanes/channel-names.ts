import { readChannel } from '../protocol/channel.js'

const UNBOUNDED = { channelLength: Infinity, channelSegments: Infinity }

/** Whether a name that came over a bus is one of a channel: whoever knows the bus can publish under any name. */
export function isChannel (name: string): boolean {
  return readChannel(name, UNBOUNDED)?.pattern === false
}
