import type { HttpPublisher, SocketClient } from '../clients/client.js'
import { publishers, sockets, type Contender } from '../contenders.js'
import { mark, Receiver, Tally } from '../marks.js'
import { eventData } from '../payload.js'
import { Conversation, talk } from './conversation.js'
import { cost, latency, LONG, withServer, workload, type Figures } from './workload.js'

const CHANNEL = '/bench/in'
const { gateway, faye, socketIo, send, joined } = sockets

/** Publishes that nobody receives: taken, checked and acknowledged. */
export const publish = [
  workload({
    name: 'publish-websocket',
    title: 'take a publish over WebSocket and acknowledge it, 4 clients, 64 at once',
    unit: 'publish',
    contenders: [gateway, faye, socketIo, send, joined],
    run: (contender, scale) => overWebSocket(contender, 4, 64, 80_000 * scale)
  }),
  ...[[1, 64_000], [50, 480_000]].map(([each, messages]) => workload({
    name: `publish-http-${each}`,
    title: `take a publish over HTTP and acknowledge it, ${each} a request, 8 clients`,
    unit: 'publish',
    contenders: Object.values(publishers),
    run: (contender, scale) => overHttp(contender, 8, each as number, messages as number * scale)
  }))
]

/** Publishes of so many clients, so many in one write. */
export async function overWebSocket (contender: Contender<SocketClient>, clients: number, window: number, messages: number): Promise<Figures> {
  return withServer(contender, { backend: 0, heartbeat: LONG }, async server => {
    const tally = new Tally()
    const latencies: number[] = []
    const conversations: Conversation[] = []
    for (let index = 0; index < clients; index++) {
      const client = await contender.join(server.port)
      conversations.push(new Conversation(client, tally, window, number => client.publishing(CHANNEL, eventData(number), mark(number)), latencies))
    }
    const each = Math.ceil(messages / clients / window) * window
    const warm = Math.ceil(each / 4 / window) * window
    await talk(conversations, tally, 0, warm)
    latencies.length = 0
    const figures = await talk(conversations, tally, warm, warm + each, work => cost(server, each * clients, work))
    await tally.settled((warm + each) * clients)
    return { ...figures, ...latency(latencies) }
  })
}

/** Publishes of so many clients, so many in one request. */
export async function overHttp (contender: Contender<HttpPublisher>, clients: number, window: number, messages: number): Promise<Figures> {
  return withServer(contender, { backend: 0, heartbeat: LONG }, async server => {
    const tally = new Tally()
    const latencies: number[] = []
    const joined: HttpPublisher[] = []
    for (let index = 0; index < clients; index++) {
      const client = await contender.join(server.port)
      client.count(new Receiver(tally))
      joined.push(client)
    }
    const requests = Math.ceil(messages / clients / window)
    const warm = Math.ceil(requests / 4)
    await post(joined, tally, window, 0, warm)
    const figures = await post(joined, tally, window, warm, warm + requests, work => cost(server, requests * window * clients, work), latencies)
    await tally.settled((warm + requests) * window * clients)
    return { ...figures as { cpu: number, rate: number }, ...latency(latencies) }
  })
}

// Each client sends a request when the one before is answered; the requests are made before.
async function post (clients: readonly HttpPublisher[], tally: Tally, window: number, from: number, to: number, around: (work: () => Promise<void>) => Promise<unknown> = work => work(), latencies: number[] = []): Promise<unknown> {
  const prepared = clients.map(client => {
    const requests = []
    for (let index = from; index < to; index++) {
      const numbers = Array.from({ length: window }, (_, at) => index * window + at)
      requests.push(client.publishing(CHANNEL, { ...eventData(0), n: 'published' }, numbers.map(mark)))
    }
    return requests
  })
  return around(async () => {
    for (const [index, client] of clients.entries()) {
      const requests = prepared[index] as Buffer[]
      let next = 0
      const more = () => {
        const request = requests[next++]
        if (request === undefined) return
        const begun = performance.now()
        client.send(request, () => {
          latencies.push(performance.now() - begun)
          more()
        })
      }
      more()
    }
    await tally.reaches(to * window * clients.length)
  })
}
