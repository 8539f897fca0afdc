/**
 * JSON Web Tokens with `@fastify/jwt`. A client brings its token in the Authorization header, or in the
 * `ext.token` of its handshake (a browser's WebSocket cannot set headers), and a fresh one in the `ext.token`
 * of a connect. A session lives as long as its token; ada may revoke a user, whose sessions end at once.
 *
 *     npm run build && node dist/example/jwt.js
 *     curl --json '{"name":"ada","password":"lovelace"}' http://localhost:3000/login                  # a token
 *     curl --json '[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],
 *       "ext":{"token":"…"}}]' http://localhost:3000/realtime
 *     curl -X DELETE -H 'Authorization: Bearer …' http://localhost:3000/users/bob
 */
import { randomUUID } from 'node:crypto'
import jwt from '@fastify/jwt'
import Fastify, { type FastifyRequest } from 'fastify'
import realtime from 'fastify-bayeux'

interface Claims { sub: string, exp: number }

// In earnest: hashes, in a database.
const passwords = new Map([['ada', 'lovelace'], ['bob', 'builder']])
const revoked = new Set<string>()

const app = Fastify()
await app.register(jwt, { secret: process.env.SECRET ?? randomUUID(), verify: { requiredClaims: ['sub', 'exp'] } })

const bearer = (request: FastifyRequest) => request.headers.authorization?.replace(/^Bearer /, '')

function read (token: unknown): Claims {
  const claims = app.jwt.verify<Claims>(String(token))
  if (revoked.has(claims.sub)) throw new Error(`${claims.sub} was revoked`)
  return claims
}

app.post<{ Body: { name: string, password: string } }>('/login', { schema: { body: { type: 'object', required: ['name', 'password'] } } }, async ({ body }, reply) => {
  if (passwords.get(body.name) !== body.password) return reply.code(401).send({ error: 'Wrong name or password' })
  return { token: app.jwt.sign({ sub: body.name }, { expiresIn: '10m' }) }
})

app.delete<{ Params: { name: string } }>('/users/:name', { onRequest: request => request.jwtVerify() }, async ({ params, user }, reply) => {
  if ((user as Claims).sub !== 'ada') return reply.code(403).send({ error: 'Only ada may' })
  revoked.add(params.name)
  return { ended: app.realtime.disconnect(session => (session.identity as Claims).sub === params.name, 'Revoked') }
})

await app.register(realtime, {
  authenticate: (request, { ext }) => read(ext?.token ?? bearer(request)),
  renew: (request, { ext }) => {
    // The header of an upgrade grows old while its socket lives.
    const token = ext?.token ?? (request.ws ? undefined : bearer(request))
    return token === undefined ? undefined : read(token)
  },
  sameIdentity: (one, other) => (one as Claims).sub === (other as Claims).sub,
  identityExpires: identity => (identity as Claims).exp * 1000
})

console.log(`Gateway: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/realtime`)
