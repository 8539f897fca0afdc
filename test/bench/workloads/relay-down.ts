import { sockets, type Contender } from '../contenders.js'
import type { SocketClient } from '../clients/client.js'
import { Source } from '../load/source.js'
import { Receiver, Tally } from '../marks.js'
import { cost, LONG, withServer, workload, type Figures } from './workload.js'

const { gateway, nodefony, relaySend, relayJoined } = sockets

/** Lines of a TCP service to browsers, each client over a connection of its own. */
export const relayDown = [[70, 1, 400_000], [70, 50, 400_000], [1024, 1, 60_000], [1024, 50, 60_000]].map(([bytes, clients, lines]) => workload({
  name: `relay-${bytes}-${clients}`,
  title: `relay a line of ${bytes} bytes, ${clients} client${clients === 1 ? '' : 's'}`,
  unit: 'line',
  contenders: [gateway, nodefony, relaySend, relayJoined],
  run: (contender, scale) => run(contender, bytes as number, clients as number, lines as number * scale)
}))

async function run (contender: Contender<SocketClient>, bytes: number, count: number, lines: number): Promise<Figures> {
  const source = await Source.open(false)
  const each = Math.ceil(lines / count)
  const warm = Math.ceil(each / 4)
  try {
    return await withServer(contender, { backend: source.port, heartbeat: LONG }, async server => {
      const tally = new Tally()
      for (let index = 0; index < count; index++) {
        const client = await contender.join(server.port)
        await client.subscribe(['/service/line'])
        client.count(new Receiver(tally))
      }
      await source.connected(count)
      source.send(0, warm, bytes)
      await tally.reaches(warm * count)
      const figures = await cost(server, each * count, async () => {
        source.send(warm, warm + each, bytes)
        await tally.reaches((warm + each) * count)
      })
      await tally.settled((warm + each) * count)
      return figures
    })
  } finally {
    source.close()
  }
}
