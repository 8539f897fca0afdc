/**
 * A login with `@fastify/session`: the gateway knows the user by the cookie, at the probe, the polls and the
 * upgrade, and logging out ends what this login opened.
 *
 *     npm run build && node dist/example/cookie-session.js
 *     curl -c jar -b jar --json '{"name":"ada","password":"lovelace"}' http://localhost:3000/login
 *     curl -c jar -b jar --json '[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]' \
 *       http://localhost:3000/realtime
 *     curl -c jar -b jar -X POST http://localhost:3000/logout
 */
import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import Fastify, { type FastifyRequest } from 'fastify'
import realtime from 'fastify-bayeux'

declare module 'fastify' {
  interface Session { user?: string }
}

interface Login { user: string, id: string }

// In earnest: hashes, in a database.
const passwords = new Map([['ada', 'lovelace'], ['bob', 'builder']])

const app = Fastify()
await app.register(cookie)
// Not rolling: a poll that was held across the logout would save the session again with its answer.
await app.register(session, { secret: randomBytes(32).toString('hex'), cookie: { secure: 'auto', sameSite: 'lax' }, saveUninitialized: false, rolling: false })

app.post<{ Body: { name: string, password: string } }>('/login', { schema: { body: { type: 'object', required: ['name', 'password'] } } }, async (request, reply) => {
  const { name, password } = request.body
  if (passwords.get(name) !== password) return reply.code(401).send({ error: 'Wrong name or password' })
  await request.session.regenerate()
  request.session.user = name
  return { user: name }
})

app.post('/logout', async request => {
  const { sessionId } = request.session
  await request.session.destroy()
  return { ended: app.realtime.disconnect(({ identity }) => (identity as Login).id === sessionId, 'Logged out') }
})

// A socket may be older than a logout, so the store is asked again.
async function identify (request: FastifyRequest): Promise<Login> {
  await request.session.reload()
  const { user, sessionId } = request.session
  if (user === undefined) throw new Error('nobody is logged in')
  return { user, id: sessionId }
}

await app.register(realtime, { authenticate: identify, renew: identify })

console.log(`Gateway: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/realtime`)
