/** Upgrades that a hook of the host answers, registered before the gateway as hooks for authentication are. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { startGateway } from '../harness/gateway.js'
import { until, within } from '../harness/until.js'

t.test('the socket of a refused upgrade is closed, and so the server can be', async t => {
  const sockets: Socket[] = []
  const { app, url } = await startGateway(t, {}, {
    before: app => {
      app.addHook('onRequest', async (request, reply) => {
        if (request.headers.upgrade !== undefined) return reply.code(401).send('Who are you?')
      })
      app.server.on('connection', socket => sockets.push(socket))
    }
  })
  t.after(() => sockets.forEach(socket => socket.destroy()))
  const { hostname, port, pathname } = new URL(url)
  const client = connect(Number(port), hostname)
  t.after(() => client.destroy())
  client.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`)
  const [answer] = await within(once(client, 'data'), 'an answer')
  t.match(String(answer), /^HTTP\/1.1 401 /)
  client.end()
  await until(() => sockets[0]?.destroyed, 'the gateway lets go of the socket')
  await within(app.close(), 'closed')
})
