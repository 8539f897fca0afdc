/**
 * What a gateway tells those who run it: metrics for Prometheus, a route for a load balancer, and a line in the log
 * whenever a service is gone or back.
 *
 *     npm run build && node dist/example/metrics.js
 *     curl http://localhost:3000/metrics
 *     curl http://localhost:3000/health
 */
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import realtime, { type Diagnostics } from 'fastify-bayeux'
import { prometheus } from 'fastify-bayeux/prometheus'
import client from 'prom-client'

async function * clock () {
  while (true) {
    yield new Date()
    await sleep(1000)
  }
}

const app = Fastify()
await app.register(realtime, {
  services: {
    clock: { type: 'internal', handler: clock, shared: true },
    vault: { type: 'tcp', port: 1 }
  }
})

client.collectDefaultMetrics()
const register = prometheus(app.realtime, client)
app.get('/metrics', async (_request, reply) => reply.type(register.contentType).send(await register.metrics()))

// A gateway is ready though one of its services is away; how each is stands in the answer.
app.get('/health', (_request, reply) => {
  const health = app.realtime.health()
  return reply.code(health.state === 'open' ? 200 : 503).send(health)
})

const states = new Map<string, string>()
subscribe('fastify-bayeux:service', message => {
  const { service, state, error = '' } = message as Diagnostics['fastify-bayeux:service']
  if (state === 'ended' || states.get(service) === state) return
  states.set(service, state)
  console.log(`${service} is ${state} ${error}`)
})

console.log(`Metrics: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/metrics`)
