/**
 * The program of a gateway that measures itself: asked by its parent, it says how much memory it holds
 * after a collection, and the longest time that its event loop was held since it was last asked (ms).
 * Everybody may publish over HTTP. SIGTERM closes it, as a deployment would.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import realtime from '../../lib/index.js'

const app = Fastify()
await app.register(realtime, { publish: { authorize: () => true }, ...JSON.parse(process.argv[2] as string) })
await app.listen({ port: 0, host: '127.0.0.1' })

const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
process.on('message', async () => {
  const longest = delay.max / 1e6
  delay.disable()
  global.gc?.()
  // Buffers are given back a while after the collection that found them.
  await new Promise(resolve => setTimeout(resolve, 20))
  global.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  process.send?.({ longest, rss, heap: heapUsed + external, metrics: app.realtime.metrics() })
  delay.reset()
  delay.enable()
})
process.once('SIGTERM', () => {
  app.close().then(() => process.exit(0), () => process.exit(1))
})
process.on('disconnect', () => process.exit(0))
process.send?.({ port: (app.server.address() as AddressInfo).port })
