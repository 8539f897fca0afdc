/** A gateway with an option, to be compared with itself without it. */
import { startBus, type BusKind } from './buses.js'
import type { Client } from './clients/client.js'
import type { Contender } from './contenders.js'
import type { ChannelOptions } from './targets/channel-options.js'

/** As a bus is called in tables. */
export const BUS_NAMES: Readonly<Record<BusKind, string>> = { nats: 'NATS', redis: 'Redis' }

const CHANNEL_NAMES: Readonly<Record<ChannelOptions, string>> = {
  others: 'options of other channels',
  empty: 'an entry without options',
  schema: 'a schema',
  rate: 'a rate',
  retain: 'retain',
  history: 'a history'
}

/** The same gateway as the only node of a bus of its own. */
export function onBus<Kind extends Client> (contender: Contender<Kind>, kind: BusKind): Contender<Kind> {
  return {
    ...contender,
    name: `${contender.name}, ${BUS_NAMES[kind]}`,
    start: async settings => {
      const bus = await startBus(kind)
      try {
        const server = await contender.start({ ...settings, bus: { kind, port: bus.port } })
        return { ...server, stop: () => server.stop().finally(() => bus.stop()) }
      } catch (error) {
        await bus.stop()
        throw error
      }
    }
  }
}

/** The same gateway with a table of channels. */
export function withChannels<Kind extends Client> (contender: Contender<Kind>, channels: ChannelOptions): Contender<Kind> {
  return { ...contender, name: `${contender.name}, ${CHANNEL_NAMES[channels]}`, start: settings => contender.start({ ...settings, channels }) }
}
