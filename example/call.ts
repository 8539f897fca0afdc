/**
 * Calls both ways: a page takes a seat, the server asks it whether it is sure before it books, and everybody sees
 * which seats are gone. Parameters and results are checked by schemas; what is wrong is an error in the page.
 *
 *     npm run build && node dist/example/call.js     # open http://localhost:3000 in two windows
 *     curl http://localhost:3000/ask/1               # the server calls the client of session 1
 */
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import realtime, { defineCall } from 'fastify-bayeux'

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Seats</title>
<link rel="icon" href="data:,">
<style>body { font: 1.2rem system-ui; max-width: 30rem; margin: 3rem auto; color-scheme: light dark } button { font: inherit; width: 3rem }</style>
<h1>Take a seat</h1>
<p id="seats"></p>
<p id="said" role="status"></p>
<script type="module">
import { RealtimeClient } from '/realtime/client.js'

const client = new RealtimeClient('/realtime')
const say = text => { document.getElementById('said').textContent = text }
const take = seat => client.call('seats/take', { seat }, { timeout: 60000 }).then(({ left }) => say('Yours. Left: ' + left), error => say(error.message))
const show = taken => document.getElementById('seats').replaceChildren(...[1, 2, 3, 4, 5].map(seat =>
  Object.assign(document.createElement('button'), { textContent: seat, disabled: taken.includes(seat), onclick: () => take(seat) })))

client.handle('confirm', ({ text }) => confirm(text))
client.handle('title', () => document.title)
client.subscribe('/seats', ({ data }) => show(data))
show(await client.call('seats/taken'))
</script>`

const taken = new Set<number>()
const fail = (statusCode: number, message: string): never => { throw Object.assign(new Error(message), { statusCode }) }

const app = Fastify()
await app.register(realtime, {
  calls: {
    'seats/taken': defineCall({ result: Type.Array(Type.Integer()), handler: () => [...taken] }),
    'seats/take': defineCall({
      params: Type.Object({ seat: Type.Integer({ minimum: 1, maximum: 5 }) }, { additionalProperties: false }),
      result: Type.Object({ left: Type.Integer() }),
      timeout: 60_000,
      async handler ({ seat }, { session, signal }) {
        const sure = await session.call('confirm', { text: `Seat ${seat}?` }, { signal, timeout: Infinity, result: Type.Boolean() })
        if (!sure || taken.has(seat)) fail(409, sure ? 'Somebody was quicker' : 'Then not')
        app.realtime.publish('/seats', [...taken.add(seat)])
        return { left: 5 - taken.size }
      }
    })
  }
})
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))
app.get<{ Params: { number: string } }>('/ask/:number', async ({ params }) =>
  await [...app.realtime.sessions.values()].find(({ number }) => number === Number(params.number))?.call('title') ?? fail(404, 'No such session'))

console.log(`Seats: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
