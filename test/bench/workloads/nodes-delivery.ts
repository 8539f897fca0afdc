import type { BusKind } from '../buses.js'
import { BayeuxPoller, BayeuxSocket } from '../clients/bayeux.js'
import type { Client } from '../clients/client.js'
import { startCluster, type Cluster } from '../cluster.js'
import { PATH, type Contender } from '../contenders.js'
import { Receiver, Tally } from '../marks.js'
import { ageOf } from '../payload.js'
import { CHANNEL } from '../targets/target.js'
import { BUS_NAMES } from '../variants.js'
import { latency, LONG, withServer, workload, type Figures } from './workload.js'

const EVENTS = 1_000
// ms between two events: a client that polls is back by then.
const PAUSE = 3

/** Where a client has its session, and how it goes on from there; events are published at the first of two nodes. */
interface Way extends Contender<BayeuxPoller | BayeuxSocket, Cluster> {
  readonly home: 0 | 1
  goOn (client: BayeuxPoller | BayeuxSocket, elsewhere: number): Promise<Client>
}

/** How long an event takes to one client, by the node at which its session lives and the one to which it speaks. */
export const nodesDelivery = (['nats', 'redis'] as const).map(kind => workload({
  name: `nodes-delivery-${kind}`,
  title: `one event at a time to one client of two nodes on ${BUS_NAMES[kind]}; the CPU is that of both nodes`,
  unit: 'delivery',
  contenders: waysOn(kind),
  run: (contender, scale) => run(contender, Math.ceil(EVENTS * scale))
}))

function waysOn (kind: BusKind): Way[] {
  const way = (name: string, home: 0 | 1, join: Way['join'], goOn: Way['goOn']): Way => ({ name, role: 'ours', start: settings => startCluster(kind, 2, settings), join, home, goOn })
  const [onSocket, polling] = [BayeuxSocket.at(PATH), BayeuxPoller.at(PATH)]
  const poll = async (client: Client) => {
    (client as BayeuxPoller).poll()
    return client
  }
  return [
    way('WebSocket', 0, onSocket, async client => client),
    way('WebSocket, published at the other node', 1, onSocket, async client => client),
    way('WebSocket at the other node than its session', 0, polling, (client, elsewhere) => BayeuxSocket.takeOver(client as BayeuxPoller, elsewhere, PATH)),
    way('poll', 0, polling, poll),
    way('poll, published at the other node', 1, polling, poll),
    way('poll at the other node than its session', 0, polling, async (client, elsewhere) => {
      await (client as BayeuxPoller).moveTo(elsewhere)
      return poll(client)
    })
  ]
}

async function run (contender: Way, events: number): Promise<Figures> {
  return withServer(contender, { backend: 0, heartbeat: LONG }, async cluster => {
    const [first, second] = cluster.nodes
    const tally = new Tally()
    const ages: number[] = []
    const member = await contender.join((contender.home === 0 ? first : second as typeof first).port)
    await member.subscribe([CHANNEL])
    const client = await contender.goOn(member, (second as typeof first).port)
    client.count(new Receiver(tally, 0, 1, (_number, text, end) => ages.push(ageOf(text, end))))
    const warm = Math.ceil(events / 4)
    const say = async (from: number, to: number) => {
      for (let number = from; number < to; number++) {
        await new Promise(resolve => setTimeout(resolve, PAUSE))
        cluster.publish(number, 1, 1)
        await tally.reaches(number + 1)
      }
    }
    await say(0, warm)
    ages.length = 0
    const cpu = await cluster.cpu()
    await say(warm, warm + events)
    const figures = { cpu: (await cluster.cpu() - cpu) / events }
    await tally.settled(warm + events)
    return { ...figures, ...latency(ages.filter(age => !Number.isNaN(age))) }
  })
}
