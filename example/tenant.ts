/**
 * A service for each tenant: the token of a handshake says whose session it is, and `resolve` says where the
 * service of that tenant is. Two backends: where the first cannot be reached, the second is asked. Which host
 * a session gets is never the client's to say.
 *
 *     nc -lk 7002 & nc -lk 7003 &     # acme's second backend, and that of globex; acme's first is down
 *     npm run build && node dist/example/tenant.js
 *
 * In the console of a browser, on http://localhost:3000/realtime:
 *
 *     ws = new WebSocket('ws://localhost:3000/realtime'); ws.onmessage = ({ data }) => console.log(data)
 *     ws.send('[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"],"ext":{"token":"sesame"}}]')
 *     clientId = '…'   // as the reply says
 *     say = message => ws.send(JSON.stringify([{ clientId, ...message }]))
 *     say({ channel: '/meta/connect', connectionType: 'websocket' })
 *     say({ channel: '/meta/subscribe', subscription: '/service/orders' })
 *     say({ channel: '/service/orders', data: 'one of each' })
 */
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

interface Identity { tenant: string }

// In earnest: signed tokens, and a database.
const tenants = new Map([['sesame', 'acme'], ['tiger', 'globex'], ['swordfish', 'initech']])
const BACKENDS = { acme: [{ port: 7001 }, { port: 7002 }], globex: { domain: '127.0.0.1', port: 7003 } }
const backends = new Map(Object.entries(process.env.BACKENDS === undefined ? BACKENDS : JSON.parse(process.env.BACKENDS) as typeof BACKENDS))

const app = Fastify()
await app.register(realtime, {
  authenticate: (_request, { ext }): Identity => {
    const tenant = tenants.get(ext?.token as string)
    if (tenant === undefined) throw new Error('Unknown token')
    return { tenant }
  },
  services: {
    // Who has no backend, as initech, is refused with 403.
    orders: { type: 'tcp', framing: 'lines', resolve: (_caller, { identity }) => backends.get((identity as Identity).tenant) }
  }
})

console.log(`Gateway: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/realtime`)
