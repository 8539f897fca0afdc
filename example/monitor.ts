/**
 * The monitor page, for operators alone, and the document of what the gateway speaks, for everybody. Visitors come
 * without a name; who has a token in its handshake is who the token says.
 *
 *     npm run build && node dist/example/monitor.js
 *     open http://localhost:3000/realtime/monitor      # no name, and the token that was printed
 *     curl http://localhost:3000/realtime/asyncapi.json
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const TOKEN = process.env.TOKEN ?? randomBytes(12).toString('base64url')

function isToken (said: unknown): boolean {
  const [one, other] = [Buffer.from(String(said)), Buffer.from(TOKEN)]
  return one.length === other.length && timingSafeEqual(one, other)
}

async function * clock () {
  while (true) {
    yield { now: Date.now() }
    await sleep(1000)
  }
}

const app = Fastify({ logger: { level: 'warn' } })
await app.register(realtime, {
  authenticate: (_request, { ext }) => {
    if (ext?.token === undefined) return null
    if (!isToken(ext.token)) throw new Error('a wrong token')
    return { role: 'operator' }
  },
  monitor: { authorize: ({ identity }) => (identity as { role?: string } | null)?.role === 'operator' },
  asyncapi: { info: { title: 'A clock and a chat', version: '1.0.0' } },
  channels: { '/chat/*': { schema: Type.Object({ text: Type.String({ maxLength: 200 }) }), description: 'What visitors say.' } },
  services: { clock: { type: 'internal', handler: clock, shared: true, schema: { event: Type.Object({ now: Type.Integer() }) } } }
})

console.log(`Monitor: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/realtime/monitor token ${TOKEN}`)
