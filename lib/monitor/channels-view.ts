import { Best } from './best.js'
import { inSlices } from './slices.js'
import { ROWS, type ChannelRow, type ChannelsView } from './view.js'

/** Who is interested in what. */
export interface Interests {
  /** Channels and patterns, with how many subscribed to each. */
  entries (): Iterable<readonly [name: string, subscribers: number]>
  /** How many get what is published to a channel. */
  interested (channel: string): number
  has (name: string): boolean
}

/**
 * The busiest channels and patterns.
 * @param published messages a second, by channel
 */
export async function channelsView (interests: Interests, published: ReadonlyMap<string, number>, find: string): Promise<ChannelsView> {
  const best = new Best<ChannelRow>(ROWS, busiest)
  let total = 0
  let found = 0
  const see = (channel: string, receivers: number) => {
    total++
    if (!channel.includes(find)) return
    found++
    best.add({ channel, receivers, published: published.get(channel) ?? 0 })
  }
  await inSlices(interests.entries(), ([name, subscribers]) => see(name, subscribers))
  // What is published where nobody subscribed, or to a pattern only.
  for (const channel of published.keys()) if (!interests.has(channel)) see(channel, 0)
  const rows = best.items.map(row => row.channel.endsWith('*') ? row : { ...row, receivers: interests.interested(row.channel) })
  return { total, found, rows }
}

function busiest (one: ChannelRow, other: ChannelRow): number {
  return other.published - one.published || other.receivers - one.receivers || (one.channel < other.channel ? -1 : 1)
}
