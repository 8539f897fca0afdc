/** Who may speak for a session (docs/protocol.md, section 7). */
import { once } from 'node:events'
import t from 'tap'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

const connect = (clientId: string, connectionType: string) => ({ channel: '/meta/connect', clientId, connectionType, advice: { timeout: 0 } })

t.test('bound on first use: once the cookie came, all later requests must bring it', async t => {
  const { url } = await startGateway(t)
  const owner = new PollClient(url)
  await owner.post([])
  t.ok(owner.cookie)
  await owner.start()
  const thief = new PollClient(url)
  thief.clientId = owner.clientId
  for (const cookie of [null, 'BAYEUX_BROWSER=' + 'x'.repeat(27)]) {
    thief.cookie = cookie
    for (const message of [connect(owner.clientId, 'long-polling'), { channel: '/meta/subscribe', subscription: '/a' }, { channel: '/a', data: 1 }, { channel: '/meta/disconnect' }]) {
      t.match(await thief.ask(message), { successful: false, error: `402:${owner.clientId}:Unknown client` }, `${message.channel} ${cookie}`)
    }
  }
  t.match(await owner.connect({ timeout: 0 }), [{ successful: true }], 'the owner is not disturbed')
})

t.test('a stranger is told exactly what an id that never existed is told', async t => {
  const { url } = await startGateway(t)
  const owner = new PollClient(url)
  await owner.post([])
  await owner.start()
  const thief = new PollClient(url)
  const [stolen, invented] = await thief.send(
    { channel: '/a', clientId: owner.clientId, data: 1, id: 1 },
    { channel: '/a', clientId: 'neverExisted', data: 1, id: 1 })
  t.strictSame({ ...stolen, error: stolen.error.replace(owner.clientId, 'neverExisted') }, invented)
})

t.test('a first visit, whose handshake brought no cookie, is bound by its requests as soon as it has settled', async t => {
  const { url } = await startGateway(t, { limits: { handshakeWithoutConnect: 300 } })
  const owner = await new PollClient(url).start()
  const thief = new PollClient(url, false)
  thief.clientId = owner.clientId
  await until(async () => {
    t.match(await owner.connect({ timeout: 0 }), [{ successful: true }])
    return (await thief.ask({ channel: '/a', data: 1 })).error?.startsWith('402:')
  })
  t.match(await owner.connect({ timeout: 0 }), [{ successful: true }])
})

t.test('a client without a cookie jar is owned by its clientId', async t => {
  const { url } = await startGateway(t)
  const client = await new PollClient(url, false).start()
  t.equal(client.cookie, null)
  t.match(await client.ask({ channel: '/a', data: 1 }), { successful: true })
})

t.test('a live WebSocket answers only to itself; another is asked for by ping: alive, so the newcomer is a stranger', async t => {
  const { url, wsUrl, app } = await startGateway(t)
  const owner = await SocketClient.connect(t, wsUrl)
  const { clientId } = owner
  const pinged = once(owner.ws, 'ping')
  const thief = await SocketClient.open(t, wsUrl)
  t.match(await thief.ask({ channel: '/meta/subscribe', clientId, subscription: '/a' }), { error: /^402:/ })
  t.match(await thief.ask({ channel: '/meta/disconnect', clientId }), { error: /^402:/ })
  t.match(await thief.ask(connect(clientId, 'websocket')), { successful: false, error: `402:${clientId}:Unknown client`, advice: { reconnect: 'handshake' } })
  await pinged
  const poller = new PollClient(url)
  t.match(await poller.send(connect(clientId, 'long-polling')), [{ error: /^402:/ }])
  t.match(await owner.ask({ channel: '/a', clientId, data: 1 }), { successful: true })
  t.equal(app.realtime.metrics().takenOver, 0)
})

t.test('silent, so the newcomer takes over: same session, services still open', async t => {
  const service = await startTcpService(t)
  const { wsUrl, app } = await startGateway(t, { services: { echo: { port: service.port, framing: 'lines' } } })
  const dead = await SocketClient.connect(t, wsUrl, { autoPong: false })
  const { clientId } = dead
  await dead.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/echo' })
  const back = await SocketClient.open(t, wsUrl)
  const connected = back.ask(connect(clientId, 'websocket'))
  service.sockets[0]?.write('while it moved\n')
  t.match(await connected, { successful: true, clientId })
  t.match(await dead.waitClosed(), { code: 4000 })
  service.sockets[0]?.write('after\n')
  await back.next(message => message.data === 'after')
  t.match(await back.ask({ channel: '/service/echo', clientId, data: 'still here' }), { successful: true })
  await until(() => service.received[0] === 'still here\n')
  t.equal(service.sockets.length, 1)
  t.equal(app.realtime.metrics().takenOver, 1)
})

t.test('with its cookie it takes over at once, while the old socket looks alive, and moves the outbox', async t => {
  const { wsUrl, app } = await startGateway(t)
  const first = await SocketClient.connect(t, wsUrl)
  const { clientId } = first
  await first.ask({ channel: '/meta/subscribe', clientId, subscription: '/n' })
  const second = await SocketClient.open(t, wsUrl, { headers: { cookie: first.cookie as string } })
  first.ws.pause()
  t.match(await second.ask(connect(clientId, 'websocket')), { successful: true })
  app.realtime.publish('/n', 1)
  t.match(await second.next('/n'), { data: 1 })
  first.ws.resume()
  t.match(await first.waitClosed(), { code: 4000 })
  const third = await SocketClient.open(t, wsUrl)
  t.match(await third.ask(connect(clientId, 'websocket')), { error: /^402:/ }, 'bound now: without the cookie nobody is asked')
})

t.test('the connect that was held on the old connection is ended, and answered there', async t => {
  const { url, wsUrl, app } = await startGateway(t)
  const poller = await new PollClient(url).start()
  const poll = poller.connect()
  await until(() => app.realtime.metrics().heldConnects === 1)
  const socket = await SocketClient.open(t, wsUrl, { headers: { cookie: poller.cookie as string } })
  t.match(await socket.ask(connect(poller.clientId, 'websocket')), { successful: true })
  t.match(await poll, [{ channel: '/meta/connect', successful: true }])
  t.equal(app.realtime.sessions.get(poller.clientId)?.transport, 'websocket')
})

t.test('a socket with other sessions stays open when one moves away', async t => {
  const { wsUrl } = await startGateway(t)
  const first = await SocketClient.connect(t, wsUrl)
  const other = (await first.ask({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] })).clientId
  const second = await SocketClient.open(t, wsUrl, { headers: { cookie: first.cookie as string } })
  await second.ask(connect(first.clientId, 'websocket'))
  t.match(await first.ask(connect(other, 'websocket')), { successful: true })
  t.equal(first.closed, null)
})

t.test('a session between connections is resumed by its id, with what waited', async t => {
  const { wsUrl, app } = await startGateway(t)
  const first = await SocketClient.connect(t, wsUrl)
  const { clientId } = first
  await first.ask({ channel: '/meta/subscribe', clientId, subscription: '/n' })
  first.ws.terminate()
  await until(() => app.realtime.sessions.get(clientId)?.transport === null)
  app.realtime.publish('/n', 'missed')
  const second = await SocketClient.open(t, wsUrl)
  second.send([connect(clientId, 'websocket')])
  t.match(await second.next('/n'), { data: 'missed' })
})
