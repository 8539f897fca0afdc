/**
 * A page with one script tag: a vote that all open pages see. The client comes from the gateway itself, reads its
 * channel with `for await`, and keeps votes that are cast without a connection until there is one.
 *
 *     npm run build && node dist/example/page.js     # open http://localhost:3000 in two windows, and stop the server for a while
 */
import { Type, type Static } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import Fastify from 'fastify'
import realtime, { type ChannelsOf, type Realtime } from 'fastify-bayeux'

const channels = {
  '/votes/cast': { schema: Type.Union([Type.Literal('tea'), Type.Literal('coffee')]) },
  '/votes/count': { schema: Type.Object({ tea: Type.Integer(), coffee: Type.Integer() }) }
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tea or coffee?</title>
<link rel="icon" href="data:,">
<style>body { font: 1.5rem system-ui; max-width: 30rem; margin: 3rem auto; color-scheme: light dark } button { font: inherit }</style>
<h1>Tea or coffee?</h1>
<p><button>tea</button> <output id="tea">0</output> <button>coffee</button> <output id="coffee">0</output></p>
<p id="state" role="status"></p>
<script type="module">
import { RealtimeClient } from '/realtime/client.js'

const client = new RealtimeClient('/realtime', { ack: true })
const show = (id, text) => { document.getElementById(id).textContent = text }

client.on('connection', ({ state, transport, until }) => {
  show('state', state === 'waiting' ? 'next attempt at ' + new Date(until).toLocaleTimeString() : [state, transport].join(' '))
})
for (const button of document.querySelectorAll('button')) {
  button.onclick = () => client.publish('/votes/cast', button.textContent, { retry: true }).catch(error => show('state', error.message))
}
for await (const { data } of client.subscribe('/votes/count')) {
  for (const [id, count] of Object.entries(data)) show(id, count)
}
</script>`

const count: Static<typeof channels['/votes/count']['schema']> = { tea: 0, coffee: 0 }
const app = Fastify()
await app.register(realtime, {
  policy: { canPublish: (_session, channel, data) => channel === '/votes/cast' && Value.Check(channels['/votes/cast'].schema, data) }
})
const gateway: Realtime<ChannelsOf<typeof channels>> = app.realtime
gateway.subscribe('/votes/cast', ({ data }) => {
  count[data]++
  gateway.publish('/votes/count', count)
})
gateway.on('subscribe', session => session.deliver('/votes/count', count))
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))

console.log(`Vote: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
