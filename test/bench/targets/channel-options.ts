import { Type } from '@sinclair/typebox'
import type { RealtimeOptions } from '../../../lib/index.js'

// What no round reaches: it is counted, and refuses nobody.
const PLENTY = 1e9

const data = Type.Object({
  n: Type.String(),
  t: Type.Number(),
  sensor: Type.String(),
  unit: Type.String(),
  value: Type.Number(),
  limits: Type.Object({ low: Type.Number(), high: Type.Number() }),
  note: Type.String()
})

/** What may be said of the channels that are published to, or of others. */
export const channelOptions = {
  others: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`/elsewhere/room-${index}/*`, { retain: true }])),
  empty: { '/bench/**': {} },
  schema: { '/bench/**': { schema: data } },
  rate: { '/bench/**': { rate: { messages: PLENTY, burst: PLENTY } } },
  retain: { '/bench/**': { retain: true } },
  history: { '/bench/**': { history: { size: 100 } } }
} satisfies Record<string, RealtimeOptions['channels']>

export type ChannelOptions = keyof typeof channelOptions
