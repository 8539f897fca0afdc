/**
 * Who is reading: a page that shows everybody who has it open, once however many tabs they have, and who came and
 * went. The application sees the same, and more.
 *
 *     npm run build && node dist/example/presence.js     # open http://localhost:3000/?ada and http://localhost:3000/?bob
 *     curl http://localhost:3000/readers                 # with addresses, which readers do not see of one another
 */
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Who is reading</title>
<link rel="icon" href="data:,">
<style>body { font: 1.2rem system-ui; max-width: 30rem; margin: 3rem auto; color-scheme: light dark }</style>
<h1>Who is reading</h1>
<ul id="readers"></ul>
<p id="news" role="status"></p>
<script type="module">
import { RealtimeClient } from '/realtime/client.js'

const name = location.search.slice(1) || 'somebody'
const client = new RealtimeClient('/realtime', { credentials: { scheme: 'name', authorization: () => undefined, ext: { name } } })
const page = client.presence('/pages/start')
const show = (id, ...texts) => document.getElementById(id).replaceChildren(...texts.map(text => Object.assign(document.createElement(id === 'readers' ? 'li' : 'span'), { textContent: text })))

// Who watches is not there yet; who subscribes is.
client.subscribe('/pages/start', () => {})
page.on('join', ({ info }) => show('news', info.name + ' is here'))
page.on('leave', ({ info }) => show('news', info.name + ' has left'))
for await (const members of page) {
  const tabs = new Map()
  for (const { info } of members) tabs.set(info.name, (tabs.get(info.name) ?? 0) + 1)
  show('readers', ...[...tabs].map(([name, count]) => count === 1 ? name : name + ', in ' + count + ' tabs'))
}
</script>`

const app = Fastify()
await app.register(realtime, {
  // In earnest: who has logged in, as the other examples show.
  authenticate: (_request, { ext }) => ({ name: String(ext?.name).slice(0, 20) }),
  channels: { '/pages/*': { publish: false, presence: session => ({ name: (session.identity as { name: string }).name }) } },
  maxInterval: 3000
})
app.realtime.on('join', (channel, { info }) => app.log.info(`${info.name} reads ${channel}`))
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))
app.get('/readers', async () => app.realtime.presence('/pages/start').map(({ info, since, session }) =>
  ({ ...info, since: new Date(since), address: session?.caller.address, transport: session?.transport })))

console.log(`Readers: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
