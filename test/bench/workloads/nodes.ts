import type { BusKind } from '../buses.js'
import type { SocketClient } from '../clients/client.js'
import { startCluster, type Cluster } from '../cluster.js'
import { sockets, type Contender } from '../contenders.js'
import { Receiver, Tally } from '../marks.js'
import type { Measured } from '../process.js'
import { CHANNEL } from '../targets/target.js'
import { BUS_NAMES } from '../variants.js'
import { publish } from './fan-out.js'
import { cost, LONG, withServer, workload, type Figures } from './workload.js'

// Publishes a turn, and turns that are under way at once.
const EACH = 16
const TURNS = 4
// Messages and their copies, all together.
const WORK = 80_000

/** So many nodes; sessions listen at some of them, and none at the first where there are several: it is published there. */
interface Nodes extends Contender<SocketClient, Cluster> {
  listening (cluster: Cluster): readonly Measured[]
}

/** What more nodes cost: a message from one of them to a session at each of some others, and what of it goes over the bus. */
export const nodes = [
  onBus('nats', [[1, 1], [2, 1], [3, 1], [3, 2], [5, 1], [5, 4], [10, 1], [10, 3], [10, 9]]),
  onBus('redis', [[1, 1], [2, 1], [10, 1]])
]

function onBus (kind: BusKind, sizes: [count: number, listening: number][]) {
  return workload({
    name: `nodes-${kind}`,
    title: `several nodes on ${BUS_NAMES[kind]}: a message to a WebSocket at each node that listens; the CPU is that of all nodes`,
    unit: 'message',
    contenders: sizes.map(([count, listening]) => nodesOf(kind, count, listening)),
    run: (contender, scale) => run(contender, WORK * scale)
  })
}

function nodesOf (kind: BusKind, count: number, listening: number): Nodes {
  return {
    name: count === 1 ? '1 node, which listens' : `${count} nodes, ${listening} ${listening === 1 ? 'listens' : 'listen'}`,
    role: 'ours',
    start: settings => startCluster(kind, count, settings),
    join: sockets.gateway.join,
    listening: ({ nodes }) => count === 1 ? nodes : nodes.slice(1, 1 + listening)
  }
}

async function run (contender: Nodes, work: number): Promise<Figures> {
  return withServer(contender, { backend: 0, heartbeat: LONG }, async cluster => {
    const tally = new Tally()
    const listening = contender.listening(cluster)
    for (const { port } of listening) {
      const client = await contender.join(port)
      await client.subscribe([CHANNEL])
      client.count(new Receiver(tally))
    }
    const block = EACH * TURNS
    const events = Math.ceil(work / (1 + listening.length) / block) * block
    const warm = Math.ceil(events / 4 / block) * block
    await publish(cluster, tally, listening.length, 0, warm, EACH, TURNS)
    const before = await carried(cluster, listening)
    const figures = await cost(cluster, events, () => publish(cluster, tally, listening.length, warm, warm + events, EACH, TURNS))
    const after = await carried(cluster, listening)
    await tally.settled((warm + events) * listening.length)
    return { ...figures, ...perUnit(before, after, events) }
  })
}

type Carried = Partial<Record<'busCpu' | 'busIn' | 'busOut' | 'busBytes' | 'taken' | 'strayed', number>>

// What went over the bus so far, as it counts itself and as the nodes do.
async function carried ({ bus, nodes }: Cluster, listening: readonly Measured[]): Promise<Carried> {
  const taken = await Promise.all(nodes.map(async node => (await node.metrics()).backplaneIn))
  const traffic = await bus.traffic()
  return {
    busCpu: bus.cpu(),
    ...(traffic !== null && { busIn: traffic.messagesIn, busOut: traffic.messagesOut, busBytes: traffic.bytesOut }),
    taken: sum(taken),
    strayed: sum(taken.filter((_, index) => !listening.includes(nodes[index] as Measured)))
  }
}

function perUnit (before: Carried, after: Carried, units: number): Carried {
  return Object.fromEntries(Object.entries(after).map(([figure, value]) => [figure, (value - (before[figure as keyof Carried] ?? 0)) / units]))
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0)
}
