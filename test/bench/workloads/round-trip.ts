import type { SocketClient } from '../clients/client.js'
import { sockets, type Contender } from '../contenders.js'
import { Source } from '../load/source.js'
import { Tally } from '../marks.js'
import { line } from '../payload.js'
import { Conversation, talk } from './conversation.js'
import { cost, latency, LONG, withServer, workload, type Figures } from './workload.js'

const { gateway, nodefony, websockify, relaySend, relayJoined } = sockets

/** A message to an echo on TCP and back: many at once, and one at a time. */
export const roundTrip = [
  workload({
    name: 'round-trip',
    title: 'round trip to a TCP echo, 10 clients, 16 at once',
    unit: 'round trip',
    contenders: [gateway, nodefony, websockify, relaySend, relayJoined],
    run: (contender, scale) => run(contender, 10, 16, 32_000 * scale)
  }),
  workload({
    name: 'latency',
    title: 'round trip to a TCP echo, one client, one at a time',
    unit: 'round trip',
    contenders: [gateway, nodefony, websockify, relaySend, relayJoined],
    run: (contender, scale) => run(contender, 1, 1, 3_000 * scale)
  })
]

async function run (contender: Contender<SocketClient>, clients: number, window: number, messages: number): Promise<Figures> {
  const source = await Source.open(true)
  const each = Math.ceil(messages / clients / window) * window
  const warm = Math.ceil(each / 4 / window) * window
  try {
    return await withServer(contender, { backend: source.port, heartbeat: LONG }, async server => {
      const tally = new Tally()
      const latencies: number[] = []
      const conversations: Conversation[] = []
      for (let index = 0; index < clients; index++) {
        const client = await contender.join(server.port)
        await client.subscribe(['/service/line'])
        conversations.push(new Conversation(client, tally, window, number => client.publishing('/service/line', line(number, 70).trimEnd(), `p${number}`), latencies))
      }
      await talk(conversations, tally, 0, warm)
      latencies.length = 0
      const figures = await talk(conversations, tally, warm, warm + each, work => cost(server, each * clients, work))
      await tally.settled((warm + each) * clients)
      return { ...figures, ...latency(latencies) }
    })
  } finally {
    source.close()
  }
}
