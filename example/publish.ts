/**
 * Publishing from anywhere: a build server that knows nothing but HTTP tells open pages how its builds go. Its token is
 * asked for, its data are checked by the schema of the channel, and who opens the page late sees the last state of each.
 *
 *     npm run build && TOKEN=secret node dist/example/publish.js     # open http://localhost:3000
 *     curl -H 'authorization: Bearer secret' -H 'content-type: application/json' \
 *       -d '{"channel":"/builds/web","data":{"state":"green"}}' http://localhost:3000/realtime/publish
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const TOKEN = process.env.TOKEN ?? randomBytes(12).toString('base64url')

function isAllowed (authorization: string = ''): boolean {
  const [said, wanted] = [Buffer.from(authorization), Buffer.from(`Bearer ${TOKEN}`)]
  return said.length === wanted.length && timingSafeEqual(said, wanted)
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Builds</title>
<link rel="icon" href="data:,">
<style>body { font: 1.5rem system-ui; max-width: 30rem; margin: 3rem auto; color-scheme: light dark } dd { font-weight: bold }</style>
<h1>Builds</h1>
<dl></dl>
<script type="module">
import { RealtimeClient } from '/realtime/client.js'

const rows = new Map()
for await (const { channel, data } of new RealtimeClient('/realtime').subscribe('/builds/*')) {
  if (!rows.has(channel)) {
    const [name, state] = ['dt', 'dd'].map(tag => document.querySelector('dl').appendChild(document.createElement(tag)))
    name.textContent = channel.slice('/builds/'.length)
    rows.set(channel, state)
  }
  rows.get(channel).textContent = data.state
}
</script>`

const app = Fastify()
await app.register(realtime, {
  publish: { authorize: ({ headers }) => isAllowed(headers.authorization) },
  channels: {
    '/builds/*': { publish: false, retain: true, schema: Type.Object({ state: Type.Union([Type.Literal('running'), Type.Literal('green'), Type.Literal('red')]) }) }
  }
})
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))

console.log(`Builds: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/ token ${TOKEN}`)
