/**
 * A ticker: one async generator of prices for everybody, which runs while somebody looks. Who comes late
 * gets the last price of each symbol at once.
 *
 *     npm run build && node dist/example/ticker.js     # open http://localhost:3000 in two browsers
 */
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

async function * prices () {
  const last = Object.entries({ ACME: 120, Globex: 48.5, Hooli: 310, Initech: 17.25, Umbrella: 66 })
  for (let tick = 0; ; tick++) {
    const entry = last[tick < last.length ? tick : Math.floor(Math.random() * last.length)] as [string, number]
    const change = (Math.random() - 0.5) * 0.01 * entry[1]
    entry[1] += change
    yield { symbol: entry[0], price: entry[1].toFixed(2), change: change.toFixed(2), at: Date.now() }
    await sleep(250)
  }
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ticker</title>
<style>
:root { color-scheme: light dark } body { font: 16px/1.5 system-ui; max-width: 30rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
td, th { border-bottom: 1px solid #8886; padding: .4rem; text-align: right }
td:first-child, th:first-child { text-align: left }
</style>
<h1>Ticker</h1>
<p role="alert" hidden>The connection is lost: these are old prices.</p>
<table><thead><tr><th>Symbol<th>Price<th>Change<tbody></table>
<script type="module">
import { CometD } from '/cometd/cometd.js'
const rows = new Map()
const cometd = new CometD()
cometd.configure({ url: location.origin + '/realtime' })
cometd.addListener('/meta/connect', ({ successful }) => { document.querySelector('[role=alert]').hidden = successful })
cometd.addListener('/meta/handshake', ({ successful }) => successful && cometd.subscribe('/service/prices', show))
function show ({ data: { symbol, price, change } }) {
  if (!rows.has(symbol)) rows.set(symbol, document.querySelector('tbody').insertRow())
  const mark = change > 0 ? '▲ ' : '▼ '
  rows.get(symbol).replaceChildren(...[symbol, price, mark + change].map(text => Object.assign(document.createElement('td'), { textContent: text })))
}
cometd.handshake()
</script>`

const app = Fastify()
await app.register(realtime, { services: { prices: { type: 'internal', handler: prices, shared: { snapshot: { key: 'symbol' } } } } })
await app.register(fastifyStatic, { root: dirname(fileURLToPath(import.meta.resolve('cometd'))), prefix: '/cometd/' })
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))

console.log(`Ticker: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
