import { sockets } from '../contenders.js'
import type { ChannelOptions } from '../targets/channel-options.js'
import { withChannels } from '../variants.js'
import { toWebSockets } from './fan-out.js'
import { overWebSocket } from './publish.js'
import { workload } from './workload.js'

const variants = (...options: ChannelOptions[]) => [sockets.gateway, ...options.map(each => withChannels(sockets.gateway, each))]

/** What the option `channels` costs: channels that it says nothing of, and those that have one of its options. */
export const withChannelOptions = [
  workload({
    name: 'channels-publish-websocket',
    title: 'channels with options: take a publish over WebSocket and acknowledge it, 4 clients, 64 at once',
    unit: 'publish',
    contenders: variants('others', 'empty', 'schema', 'rate', 'retain', 'history'),
    run: (contender, scale) => overWebSocket(contender, 4, 64, 160_000 * scale)
  }),
  workload({
    name: 'channels-fan-out',
    title: 'channels with options: fan-out to 1000 WebSockets, 16 publishes a turn',
    unit: 'delivery',
    // A rate binds clients, and here the server publishes.
    contenders: variants('others', 'empty', 'schema', 'retain', 'history'),
    run: (contender, scale) => toWebSockets(contender, 1000, 16, 800_000 * scale)
  })
]
