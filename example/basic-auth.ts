/**
 * Basic authentication: the hook of `@fastify/basic-auth` guards the probe, the polls and the upgrade alike,
 * and only one user may publish to `/news`.
 *
 *     npm run build && node dist/example/basic-auth.js
 *     curl -i http://localhost:3000/realtime                    # 401, WWW-Authenticate: Basic realm="news"
 *     curl -i -u ada:lovelace http://localhost:3000/realtime    # 200
 */
import basicAuth from '@fastify/basic-auth'
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

// In earnest: hashes, in a database.
const passwords = new Map([['ada', 'lovelace'], ['bob', 'builder']])

const app = Fastify()
app.decorateRequest('login', '')
await app.register(basicAuth, {
  authenticate: { realm: 'news' },
  validate: async (name, password, request) => {
    if (passwords.get(name) !== password) throw new Error('Wrong name or password')
    request.setDecorator('login', name)
  }
})

await app.register(realtime, {
  onRequest: app.basicAuth,
  authenticate: request => request.getDecorator<string>('login'),
  policy: {
    canPublish: (session, channel) => channel === '/news' && session.identity === 'ada'
  }
})

console.log(`Gateway: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/realtime`)
