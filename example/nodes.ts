/**
 * Two nodes: two gateways on two ports that share a bus. What is published at one arrives at the pages of the other, and
 * who has a page open is known to both. The bus is one of this process, or NATS, and then there may be many such processes.
 *
 *     npm run build && node dist/example/nodes.js     # open both URLs that it says
 *     NATS=nats://localhost:4222 node dist/example/nodes.js
 */
import { connect } from '@nats-io/transport-node'
import Fastify, { type FastifyInstance } from 'fastify'
import realtime, { localBus, type Backplane } from 'fastify-bayeux'
import { nats } from 'fastify-bayeux/nats'

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Nodes</title>
<link rel="icon" href="data:,">
<style>body { font: 1.2rem system-ui; max-width: 30rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark } input { font: inherit; width: 100% }</style>
<h1>Node <output id="node"></output></h1>
<p id="open" role="status"></p>
<form><input name="text" aria-label="News" placeholder="Say something to both" required autocomplete="off"></form>
<ul aria-live="polite"></ul>
<script type="module">
import { RealtimeClient } from '/realtime/client.js'

document.getElementById('node').textContent = location.port
const client = new RealtimeClient('/realtime')
client.subscribe('/news', ({ data }) => document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: data })))
document.forms[0].addEventListener('submit', event => {
  event.preventDefault()
  client.publish('/news', location.port + ' says ' + event.target.text.value)
  event.target.reset()
})
for await (const { length } of client.presence('/news')) document.getElementById('open').textContent = length + ' open, on both nodes'
</script>`

async function startNode (port: number, backplane: Backplane): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(realtime, { backplane, channels: { '/news': { presence: true } } })
  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))
  app.get('/health', async () => app.realtime.health())
  await app.listen({ port })
  return app
}

const bus = localBus()
const { NATS } = process.env
const place = async () => NATS === undefined ? bus.node() : nats({ connection: await connect({ servers: NATS, maxReconnectAttempts: -1 }) })
const port = Number(process.env.PORT ?? 3000)
const nodes = await Promise.all([port, port && port + 1].map(async port => await startNode(port, await place())))

console.log(`Nodes: ${nodes.map(({ listeningOrigin }) => `${listeningOrigin}/`).join(' and ')}`)
