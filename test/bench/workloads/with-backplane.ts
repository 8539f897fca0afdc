import type { Client } from '../clients/client.js'
import { publishers, sockets, type Contender } from '../contenders.js'
import { onBus } from '../variants.js'
import { toWebSockets } from './fan-out.js'
import { doNothing } from './idle.js'
import { overHttp, overWebSocket } from './publish.js'
import { workload } from './workload.js'

const overSockets = variantsOf(sockets.gateway)

/** What the option `backplane` costs where there is one node, which nobody else hears. */
export const withBackplane = [
  workload({
    name: 'backplane-publish-websocket',
    title: 'one node on a bus: take a publish over WebSocket and acknowledge it, 4 clients, 64 at once',
    unit: 'publish',
    contenders: overSockets,
    run: (contender, scale) => overWebSocket(contender, 4, 64, 80_000 * scale)
  }),
  workload({
    name: 'backplane-publish-http',
    title: 'one node on a bus: take a publish over HTTP and acknowledge it, 1 a request, 8 clients',
    unit: 'publish',
    contenders: variantsOf(publishers.gateway),
    run: (contender, scale) => overHttp(contender, 8, 1, 32_000 * scale)
  }),
  ...[[1, 200_000], [16, 800_000]].map(([each, deliveries]) => workload({
    name: `backplane-fan-out-${each}`,
    title: `one node on a bus: fan-out to 1000 WebSockets, ${each === 1 ? 'one publish' : `${each} publishes`} a turn`,
    unit: 'delivery',
    contenders: overSockets,
    run: (contender, scale) => toWebSockets(contender, 1000, each as number, deliveries as number * scale)
  })),
  workload({
    name: 'backplane-idle',
    title: 'one node on a bus: 5,000 idle WebSockets; the CPU is that of a connect',
    unit: 'session',
    atMost: 1,
    contenders: overSockets,
    run: (contender, scale) => doNothing(contender, scale)
  })
]

function variantsOf<Kind extends Client> (gateway: Contender<Kind>): Contender<Kind>[] {
  return [gateway, onBus(gateway, 'nats'), onBus(gateway, 'redis')]
}
