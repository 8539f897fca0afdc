import type { Client, SocketClient } from '../clients/client.js'
import { pollers, sockets, type Contender } from '../contenders.js'
import { Receiver, Tally } from '../marks.js'
import { ageOf } from '../payload.js'
import type { Measured } from '../process.js'
import { CHANNEL } from '../targets/target.js'
import { cost, latency, LONG, withServer, workload, type Figures } from './workload.js'

// Of so many receivers the latency is looked at.
const SAMPLED = 20
// Events that are under way at once at most, so that no outbox is tried.
const UNDER_WAY = 32

/** One event to many WebSockets: alone in its turn of the event loop, or with fifteen others. */
export const fanOut = [[100, 1, 100_000], [100, 16, 800_000], [1000, 1, 100_000], [1000, 16, 800_000]].map(([receivers, each, deliveries]) => workload({
  name: `fan-out-${receivers}-${each}`,
  title: `fan-out to ${receivers} WebSockets, ${each === 1 ? 'one publish' : `${each} publishes`} a turn`,
  unit: 'delivery',
  contenders: [sockets.gateway, sockets.faye, sockets.socketIo, sockets.send, sockets.frame, sockets.joined],
  run: (contender, scale) => toWebSockets(contender, receivers as number, each as number, deliveries as number * scale)
}))

/** One event to many polls. */
export const fanOutPolling = [[200, 1, 80_000], [200, 16, 640_000]].map(([receivers, each, deliveries]) => workload({
  name: `polls-${receivers}-${each}`,
  title: `fan-out to ${receivers} pollers, ${each === 1 ? 'one publish' : `${each} publishes`} a turn`,
  unit: 'delivery',
  contenders: Object.values(pollers),
  run: (contender, scale) => run(contender, receivers as number, each as number, deliveries as number * scale, 1)
}))

/** Deliveries to so many WebSockets, so many publishes a turn. */
export function toWebSockets (contender: Contender<SocketClient>, receivers: number, each: number, deliveries: number): Promise<Figures> {
  return run(contender, receivers, each, deliveries, Math.max(1, UNDER_WAY / each))
}

async function run (contender: Contender<Client & { poll? (): void }>, receivers: number, each: number, deliveries: number, turns: number): Promise<Figures> {
  return withServer(contender, { backend: 0, heartbeat: LONG }, async server => {
    const tally = new Tally()
    const ages: number[] = []
    for (let index = 0; index < receivers; index++) {
      const client = await contender.join(server.port)
      await client.subscribe([CHANNEL])
      client.count(new Receiver(tally, 0, 1, index % SAMPLED === 0 ? (_number, text, end) => ages.push(ageOf(text, end)) : null))
      client.poll?.()
    }
    const block = each * turns
    const events = Math.ceil(deliveries / receivers / block) * block
    const warm = Math.ceil(events / 4 / block) * block
    await publish(server, tally, receivers, 0, warm, each, turns)
    ages.length = 0
    const figures = await cost(server, events * receivers, () => publish(server, tally, receivers, warm, warm + events, each, turns))
    await tally.settled((warm + events) * receivers)
    return { ...figures, ...latency(ages.filter(age => !Number.isNaN(age))) }
  })
}

/** Events of these numbers, so many a turn and so many turns at once; resolves when all receivers have them. */
export async function publish (server: Measured, tally: Tally, receivers: number, from: number, to: number, each: number, turns: number): Promise<void> {
  for (let number = from; number < to; number += each * turns) {
    server.publish(number, turns, each)
    await tally.reaches((number + each * turns) * receivers)
  }
}
