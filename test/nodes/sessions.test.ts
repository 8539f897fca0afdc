/** Sessions that live on one node while their clients knock at others. */
import t from 'tap'
import { PollClient } from '../harness/poll-client.js'
import { startLocalNodes } from '../harness/nodes.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

/** The same client, knocking elsewhere. */
function at (url: string, client: PollClient): PollClient {
  const other = new PollClient(url)
  other.cookie = client.cookie
  other.clientId = client.clientId
  return other
}

t.test('a client polls wherever it likes', async t => {
  const [a, b, c] = await startLocalNodes(t, 3)
  const home = await new PollClient(a.url).start()
  const [subscribed] = await at(b.url, home).send({ channel: '/meta/subscribe', clientId: home.clientId, subscription: '/a/b', id: 's' })
  t.match(subscribed, { channel: '/meta/subscribe', successful: true, subscription: '/a/b', id: 's' })
  const held = at(c.url, home).connect()
  await until(() => a.app.realtime.metrics().heldConnects === 1)
  t.equal(a.app.realtime.metrics().remoteConnections, 1)
  b.app.realtime.publish('/a/b', { n: 1 })
  const [event, reply] = await held
  t.match(event, { channel: '/a/b', data: { n: 1 } })
  t.match(reply, { channel: '/meta/connect', successful: true, advice: { reconnect: 'retry' } })
  const published = await at(b.url, home).send({ channel: '/a/b', clientId: home.clientId, data: 2, id: 1 }, { channel: '/a/b', clientId: home.clientId, data: 3, id: 2 })
  t.match(published, [{ id: 1, successful: true }, { id: 2, successful: true }])
  t.match(await at(b.url, home).connect({ timeout: 0 }), [{ data: 2 }, { data: 3 }, { channel: '/meta/connect' }])
  t.match(await at(c.url, home).ask({ channel: '/meta/disconnect' }), { successful: true })
  t.equal(a.app.realtime.sessions.size, 0)
  t.equal(a.app.realtime.metrics().remoteConnections + b.app.realtime.metrics().guests + c.app.realtime.metrics().guests, 0, 'nothing is left')
})

t.test('who does not bring the cookie is a stranger on every node', async t => {
  const [a, b] = await startLocalNodes(t, 2)
  const home = await new PollClient(a.url).start()
  await home.connect({ timeout: 0 })
  const thief = new PollClient(b.url)
  thief.clientId = home.clientId
  // The session was bound by no request yet: it is, when one has brought its cookie after ten seconds, or an upgrade.
  const socket = await SocketClient.open(t, a.wsUrl, { headers: { cookie: home.cookie as string } })
  socket.send([{ channel: '/meta/connect', clientId: home.clientId, connectionType: 'websocket', advice: { timeout: 0 } }])
  await socket.next('/meta/connect')
  t.match(await thief.ask({ channel: '/a', data: 1 }), { successful: false, error: /^402:/, advice: { reconnect: 'handshake' } })
})

t.test('a clientId of no node, and of one that is gone, is unknown at once', async t => {
  const [a, b] = await startLocalNodes(t, 2)
  const client = await new PollClient(a.url).start()
  const invented = new PollClient(b.url)
  invented.clientId = client.clientId.slice(0, -6) + 'nobody'
  t.match(await invented.connect(), [{ successful: false, error: /^402:/, advice: { reconnect: 'handshake' } }])
  const held = at(b.url, client).connect()
  await until(() => a.app.realtime.metrics().heldConnects === 1)
  a.backplane.cut()
  await until(() => b.app.realtime.metrics().nodes === 1)
  t.match(await held, [{ channel: '/meta/connect', successful: false, error: /^402:/, advice: { reconnect: 'handshake' } }])
  await until(() => a.app.realtime.metrics().heldConnects === 0)
  t.match(await at(b.url, client).connect(), [{ successful: false, error: /^402:/ }])
})

t.test('a socket at another node carries a session that has begun elsewhere', async t => {
  const [a, b] = await startLocalNodes(t, 2)
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/x/*' })
  const socket = await SocketClient.open(t, b.wsUrl, { headers: { cookie: client.cookie as string } })
  t.match(await socket.ask({ channel: '/meta/connect', clientId: client.clientId, connectionType: 'websocket', advice: { timeout: 0 } }), { successful: true })
  a.app.realtime.publish('/x/1', 'from a')
  b.app.realtime.publish('/x/2', 'from b')
  const events = [await socket.next(message => message.data !== undefined), await socket.next(message => message.data !== undefined)]
  t.strictSame(new Set(events.map(({ data }) => data)), new Set(['from a', 'from b']))
  t.match(await socket.ask({ channel: '/x/3', clientId: client.clientId, data: 3 }), { successful: true })
  t.match(await socket.next(({ data }) => data === 3), { channel: '/x/3' })
  t.equal(a.app.realtime.sessions.size, 1)
  t.equal(b.app.realtime.sessions.size, 0)
  t.equal(b.app.realtime.metrics().guests, 1)
  a.app.realtime.session(client.clientId)?.disconnect('Enough')
  t.match(await socket.next('/meta/connect'), { successful: false, error: /^403:.*Enough/ })
  await socket.waitClosed()
  await until(() => b.app.realtime.metrics().guests === 0 && a.app.realtime.metrics().remoteConnections === 0)
})

t.test('a session that has not begun moves to the node of its socket', async t => {
  const [a, b, c] = await startLocalNodes(t, 3)
  const ended: string[] = []
  a.app.realtime.on('disconnect', (_session, reason) => ended.push(reason))
  const client = new PollClient(a.url)
  await client.handshake()
  const socket = await SocketClient.open(t, b.wsUrl, { headers: { cookie: client.cookie as string } })
  socket.send([
    { channel: '/meta/connect', clientId: client.clientId, connectionType: 'websocket', advice: { timeout: 0 }, id: 1 },
    { channel: '/meta/subscribe', clientId: client.clientId, subscription: '/y', id: 2 },
    { channel: '/y', clientId: client.clientId, data: 'mine', id: 3 }
  ])
  t.match(await socket.next(({ id }) => id === 1), { successful: true })
  t.match(await socket.next(({ id }) => id === 2), { successful: true })
  t.match(await socket.next(({ data }) => data !== undefined), { data: 'mine' })
  t.strictSame(ended, ['moved'])
  t.equal(b.app.realtime.sessions.has(client.clientId), true)
  t.equal(b.app.realtime.metrics().adopted, 1)
  t.equal(b.app.realtime.metrics().guests, 0)
  socket.ws.terminate()
  await until(() => b.app.realtime.sessions.get(client.clientId)?.transport === null)
  c.app.realtime.publish('/y', 'while away')
  t.match(await at(c.url, client).connect(), [{ data: 'while away' }, { channel: '/meta/connect', successful: true }], 'a poll finds it by way of where it was born')
  t.match(await at(a.url, client).ask({ channel: '/meta/disconnect' }), { successful: true })
  await until(() => b.app.realtime.sessions.size === 0)
})

t.test('who may not, does not get a session of another node', async t => {
  const [a, b] = await startLocalNodes(t, 2)
  const socketA = await SocketClient.connect(t, a.wsUrl)
  const thief = await SocketClient.open(t, b.wsUrl)
  t.match(await thief.ask({ channel: '/meta/connect', clientId: socketA.clientId, connectionType: 'websocket' }), { successful: false, error: /^402:/ })
  socketA.send([{ channel: '/z', clientId: socketA.clientId, data: 1, id: 9 }])
  t.match(await socketA.next(({ id }) => id === 9), { successful: true }, 'its owner goes on')
})

t.test('the application reaches a session from any node', async t => {
  const [a, b] = await startLocalNodes(t, 2)
  const client = await SocketClient.connect(t, a.wsUrl)
  const handle = b.app.realtime.session(client.clientId)
  t.equal(handle?.id, client.clientId)
  t.equal(b.app.realtime.deliver(client.clientId, '/service/mine', 12), true)
  t.match(await client.next('/service/mine'), { data: 12 })
  const called = () => client.next(({ channel, data }) => channel === '/service/rpc' && data !== undefined)
  const answer = handle?.call('add', { a: 1 })
  const { data: { id, method, params } } = await called()
  t.strictSame([method, params], ['add', { a: 1 }])
  client.send([{ channel: '/service/rpc', clientId: client.clientId, data: { jsonrpc: '2.0', id, result: 3 } }])
  t.equal(await answer, 3)
  const refused = handle?.call('nope')
  const { data: { id: second } } = await called()
  client.send([{ channel: '/service/rpc', clientId: client.clientId, data: { jsonrpc: '2.0', id: second, error: { code: -32601, message: 'no' } } }])
  await t.rejects(refused as Promise<unknown>, { code: 'FST_BAYEUX_CALL_UNKNOWN' })
  const waiting = handle?.call('never')
  await called()
  handle?.disconnect('Bye')
  await t.rejects(waiting as Promise<unknown>, { code: 'FST_BAYEUX_CALL_ENDED' })
  t.match(await client.next('/meta/connect'), { successful: false, error: /Bye/ })
  t.equal(b.app.realtime.session('nobody'), null)
  t.equal(b.app.realtime.deliver('nobody', '/a', 1), false)
})
