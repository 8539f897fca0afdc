import type { Client, PollClient } from '../clients/client.js'
import { pollers, sockets, type Contender } from '../contenders.js'
import { withServer, workload, type Figures } from './workload.js'

// ms: each session says one sign of life in the time that is measured.
const HEARTBEAT = 5_000
const AT_ONCE = 50

/** Sessions that do nothing: what one costs to connect (the CPU), its heap, and the CPU of all while nothing happens. */
export const idle = [
  workload({
    name: 'idle-websocket',
    title: '5,000 idle WebSockets; the CPU is that of a connect',
    unit: 'session',
    atMost: 1,
    contenders: [sockets.gateway, sockets.faye, sockets.socketIo, sockets.fastify],
    run: (contender, scale) => doNothing(contender, scale)
  }),
  workload({
    name: 'idle-polling',
    title: '5,000 parked polls; the CPU is that of a connect',
    unit: 'session',
    atMost: 1,
    contenders: [pollers.gateway, pollers.faye, pollers.cometd, pollers.socketIo, pollers.fastify],
    run: (contender, scale) => doNothing(contender, scale, client => (client as PollClient).poll())
  })
]

/** Sessions that join, begin something, and are quiet. */
export async function doNothing (contender: Contender, scale: number, begin: (client: Client) => void = () => {}): Promise<Figures> {
  const heartbeat = HEARTBEAT * Math.max(0.4, scale)
  const count = Math.ceil(5_000 * Math.max(0.1, scale))
  return withServer(contender, { backend: 0, heartbeat }, async server => {
    const joinAll = async (many: number) => {
      for (let done = 0; done < many; done += AT_ONCE) {
        const joined = await Promise.all(Array.from({ length: Math.min(AT_ONCE, many - done) }, () => contender.join(server.port)))
        for (const client of joined) begin(client)
      }
    }
    // Code that is compiled for the first session is not its heap.
    await joinAll(AT_ONCE)
    const before = await server.heap()
    const cpu = await server.cpu()
    await joinAll(count)
    const connect = (await server.cpu() - cpu) / count
    const heap = (await server.heap() - before) / count
    const quiet = await server.cpu()
    await new Promise(resolve => setTimeout(resolve, heartbeat))
    const idle = (await server.cpu() - quiet) / heartbeat
    return { cpu: connect, heap, idle }
  })
}
