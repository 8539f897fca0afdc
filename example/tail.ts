/**
 * The tail of a log file in the browser: one `tail -F` for everybody who looks, and who comes late gets the
 * last lines at once. It follows the file when it is rotated, and is started again should it end.
 *
 *     npm run build && node dist/example/tail.js /var/log/syslog     # open http://localhost:3000
 */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const [file = '/var/log/syslog'] = process.argv.slice(2)

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tail</title>
<style>
:root { color-scheme: light dark } body { font: 14px/1.5 monospace; display: flex; flex-direction: column; height: 100dvh; margin: 0 }
p { margin: 0; padding: .5rem 1rem; border-bottom: 1px solid #8886 } div { flex: 1; overflow: auto; padding: .5rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere }
</style>
<p role="status">connecting</p>
<p role="alert" hidden>The connection is lost.</p>
<div role="log" tabindex="0" aria-label="Lines of the file"></div>
<script type="module">
import { CometD } from '/cometd/cometd.js'
const [status, lost, log] = document.querySelectorAll('[role]')
const cometd = new CometD()
cometd.configure({ url: location.origin + '/realtime' })
cometd.addListener('/meta/connect', ({ successful }) => { lost.hidden = successful })
cometd.addListener('/meta/handshake', ({ successful }) => {
  if (!successful) return
  log.replaceChildren()
  cometd.subscribe('/service/log', show, {}, ({ successful, error, ext }) => { status.textContent = successful ? ext.service.state : error })
})
function show ({ data, ext }) {
  if (data === null) status.textContent = ext.service.state
  if (data === null) return ext.service.state === 'connected' && log.replaceChildren()   // a new tail says the last lines again
  const follow = log.scrollTop + log.clientHeight > log.scrollHeight - 40
  log.append(data + '\\n')
  if (log.childNodes.length > 1000) log.firstChild.remove()
  if (follow) log.scrollTop = log.scrollHeight
}
cometd.handshake()
</script>`

const app = Fastify()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())   // and with it the tail
await app.register(realtime, {
  services: { log: { type: 'process', command: 'tail', args: ['-n', '20', '-F', '--', file], framing: 'lines', shared: { snapshot: 20 } } }
})
await app.register(fastifyStatic, { root: dirname(fileURLToPath(import.meta.resolve('cometd'))), prefix: '/cometd/' })
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))

console.log(`Tail: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
