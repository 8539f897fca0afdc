/**
 * Syslog in the browser: one UDP socket for everybody who looks, and the last 200 messages for who comes late.
 * It hears this machine alone; with SYSLOG_HOST=0.0.0.0 it hears all of them, and believes whatever they say.
 *
 *     npm run build && node dist/example/syslog.js     # open http://localhost:3000
 *     logger -n 127.0.0.1 -P 5514 -d -p user.err 'a word of warning'
 */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const { SYSLOG_HOST = '127.0.0.1', SYSLOG_PORT = 5514 } = process.env

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Syslog</title>
<style>
:root { color-scheme: light dark } body { font: 15px/1.5 system-ui; max-width: 60rem; margin: 1rem auto; padding: 0 1rem }
ol { list-style: none; padding: 0 } li { border-left: 4px solid #8886; padding: .1rem .7rem; margin: .3rem 0; overflow-wrap: anywhere }
.emerg, .alert, .crit, .err { border-color: #d33 } .warning { border-color: #d90 }
</style>
<h1>Syslog</h1>
<p role="status">connecting</p>
<p role="alert" hidden>The connection is lost.</p>
<ol role="log" aria-label="Messages, the newest first"></ol>
<script type="module">
import { CometD } from '/cometd/cometd.js'
const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug']
const [status, lost, list] = document.querySelectorAll('[role]')
const cometd = new CometD()
cometd.configure({ url: location.origin + '/realtime' })
cometd.addListener('/meta/connect', ({ successful }) => { lost.hidden = successful })
cometd.addListener('/meta/handshake', ({ successful }) => {
  if (!successful) return
  list.replaceChildren()
  cometd.subscribe('/service/syslog', show, {}, ({ successful, error, ext }) => { status.textContent = successful ? ext.service.state : error })
})
function show ({ data, ext }) {
  if (data === null) return void (status.textContent = ext.service.state)
  const [, priority, text] = /^<([0-9]{1,3})>(.*)/s.exec(data) ?? ['', 13, data]   // RFC 5424: facility * 8 + severity
  const className = SEVERITIES[priority % 8]
  const textContent = className + ' ' + text.replace(/^1 [^T]*T([0-9:]{8})[^ ]* ([^ ]+ [^ ]+) [^ ]+ [^ ]+ (-|\\[.*?\\]) /, '$1 $2: ')
  list.prepend(Object.assign(document.createElement('li'), { className, textContent }))
  if (list.childElementCount > 1000) list.lastChild.remove()
}
cometd.handshake()
</script>`

const app = Fastify()
await app.register(realtime, {
  services: { syslog: { type: 'udp', listen: true, domain: SYSLOG_HOST, port: Number(SYSLOG_PORT), shared: { snapshot: 200 } } }
})
await app.register(fastifyStatic, { root: dirname(fileURLToPath(import.meta.resolve('cometd'))), prefix: '/cometd/' })
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))

console.log(`Syslog: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
