/**
 * What clients ask a Redis server, live in the browser: one connection that says MONITOR, for everybody who
 * looks. MONITOR costs the server, so it ends five seconds after the last one has left.
 *
 *     npm run build && node dist/example/redis-monitor.js     # open http://localhost:3000
 *     redis-cli SET greeting hello
 *
 * REDIS_HOST, REDIS_PORT and REDIS_PASSWORD say which server, where it is not on port 6379 of this machine.
 */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const { REDIS_HOST = 'localhost', REDIS_PORT = 6379, REDIS_PASSWORD } = process.env
const hello = REDIS_PASSWORD === undefined ? 'MONITOR' : [`AUTH ${JSON.stringify(REDIS_PASSWORD)}`, 'MONITOR']

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Redis monitor</title>
<style>
:root { color-scheme: light dark } body { font: 15px/1.5 system-ui; max-width: 60rem; margin: 1rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #8886; padding: .2rem .5rem; text-align: left; white-space: nowrap; vertical-align: top }
td:last-child { font-family: monospace; white-space: normal; overflow-wrap: anywhere }
</style>
<h1>Redis monitor</h1>
<p role="status">connecting</p>
<p role="alert" hidden>The connection is lost.</p>
<table><thead><tr><th>Time<th>Client<th>Command<tbody></table>
<script type="module">
import { CometD } from '/cometd/cometd.js'
const [status, lost] = document.querySelectorAll('[role]')
const body = document.querySelector('tbody')
const cometd = new CometD()
cometd.configure({ url: location.origin + '/realtime' })
cometd.addListener('/meta/handshake', ({ successful }) => {
  if (successful) cometd.subscribe('/service/monitor', show, {}, ({ successful, error, ext }) => { status.textContent = successful ? ext.service.state : error })
})
cometd.addListener('/meta/connect', ({ successful }) => { lost.hidden = successful })
function show ({ data, ext }) {
  const [, seconds, client, command] = /^[+]([0-9.]+) \\[(.+?)\\] (".*)/.exec(data) ?? []
  if (command === undefined) return data !== '+OK' && (status.textContent = ext?.service.state ?? data)
  const row = body.insertRow(0)
  for (const text of [new Date(seconds * 1000).toTimeString().slice(0, 8), client, command]) row.insertCell().textContent = text
  if (body.rows.length > 500) body.deleteRow(-1)
}
cometd.handshake()
</script>`

const app = Fastify()
await app.register(realtime, { services: { monitor: { type: 'tcp', domain: REDIS_HOST, port: Number(REDIS_PORT), framing: 'lines', hello, shared: true } } })
await app.register(fastifyStatic, { root: dirname(fileURLToPath(import.meta.resolve('cometd'))), prefix: '/cometd/' })
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))

console.log(`Redis monitor: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
