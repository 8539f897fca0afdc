/** One worker of a demo in several processes: a gateway behind the port that all of them share. */
import cluster, { type Worker } from 'node:cluster'
import { joinBus } from './bus.js'
import { addGateway, createServer } from './gateway.js'
import { workerName } from './worker-name.js'
import { readOrders } from './workers.js'

/** Does what the primary has ordered, until it says that it is enough. */
export async function work (): Promise<void> {
  const worker = cluster.worker as Worker
  const { place, bus, configuration } = readOrders()
  const app = createServer({ write: json => worker.send(json) }, `worker ${worker.id}: `)
  process.once('SIGTERM', async () => {
    await app.close()
    worker.disconnect()
  })
  // Signals may come to all processes of a group, and again from the primary, which says in which order they end.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})

  await addGateway(app, configuration, { ...await joinBus(app, bus), extensions: [workerName(worker.id)] })
  await app.listen(place)
}
