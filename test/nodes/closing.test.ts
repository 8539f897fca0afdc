/** Nodes that go, and what becomes of the clients that knocked there. */
import t from 'tap'
import { startLocalNodes } from '../harness/nodes.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

t.test('a node that closes sends on whoever polls there for a session elsewhere, and the session goes on', async t => {
  const [a, b, c] = await startLocalNodes(t, 3)
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  const away = new PollClient(b.url)
  away.cookie = client.cookie
  away.clientId = client.clientId
  const held = away.connect()
  await until(() => a.app.realtime.metrics().heldConnects === 1)
  await b.app.close()
  const [reply] = await held
  t.match(reply, { channel: '/meta/connect', successful: true, clientId: client.clientId, advice: { reconnect: 'retry' } })
  t.type(reply.advice.interval, 'number')
  await until(() => a.app.realtime.metrics().remoteConnections === 0)
  c.app.realtime.publish('/a', 'meanwhile')
  await until(() => (a.app.realtime.sessions.get(client.clientId)?.waiting ?? 0) > 0)
  t.match(await client.connect(), [{ data: 'meanwhile' }, { successful: true }])
})

t.test('a node that closes sends on a socket that carries a session of another, and the session goes on', async t => {
  const [a, b, c] = await startLocalNodes(t, 3)
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  const socket = await SocketClient.open(t, b.wsUrl, { headers: { cookie: client.cookie as string } })
  const connect = { channel: '/meta/connect', clientId: client.clientId, connectionType: 'websocket' }
  t.match(await socket.ask({ ...connect, advice: { timeout: 0 } }), { successful: true })
  socket.send([{ ...connect, id: 'held' }])
  await until(() => a.app.realtime.metrics().heldConnects === 1)
  await b.app.close()
  const { advice } = await socket.next(({ id }) => id === 'held')
  t.match(advice, { reconnect: 'retry', interval: Number })
  t.ok(advice.interval < 5000, 'it is to be back before the session expires')
  t.equal((await socket.waitClosed()).code, 1001)
  await until(() => a.app.realtime.metrics().remoteConnections === 0)
  a.app.realtime.publish('/a', 'meanwhile')
  const next = await SocketClient.open(t, c.wsUrl, { headers: { cookie: client.cookie as string } })
  t.match(await next.ask({ ...connect, advice: { timeout: 0 } }), { successful: true })
  t.match(await next.next('/a'), { data: 'meanwhile' })
})

t.test('what a node has passed on when it closes is answered still', async t => {
  let allow: (allowed: boolean) => void = () => {}
  const asked = new Promise<boolean>(resolve => { allow = resolve })
  const [a, b] = await startLocalNodes(t, 2, { drain: 10_000, policy: { canSubscribe: () => asked } })
  const client = await new PollClient(a.url).start()
  const away = new PollClient(b.url)
  away.cookie = client.cookie
  away.clientId = client.clientId
  const subscribed = away.ask({ channel: '/meta/subscribe', subscription: '/a' })
  await until(() => a.app.realtime.metrics().remoteConnections === 1)
  const closed = b.app.close()
  await until(() => b.app.realtime.health().state === 'closing')
  allow(true)
  t.match(await subscribed, { channel: '/meta/subscribe', successful: true, subscription: '/a' })
  await closed
  t.equal(a.app.realtime.metrics().remoteConnections, 0)
  t.equal(b.app.realtime.metrics().guests, 0)
})

t.test('a node that closes ends its own sessions wherever their clients are', async t => {
  const [a, b] = await startLocalNodes(t, 2)
  const client = await new PollClient(a.url).start()
  const socket = await SocketClient.open(t, b.wsUrl, { headers: { cookie: client.cookie as string } })
  t.match(await socket.ask({ channel: '/meta/connect', clientId: client.clientId, connectionType: 'websocket', advice: { timeout: 0 } }), { successful: true })
  socket.send([{ channel: '/meta/connect', clientId: client.clientId, connectionType: 'websocket', id: 'held' }])
  await until(() => a.app.realtime.metrics().heldConnects === 1)
  await a.app.close()
  t.match(await socket.next(({ id }) => id === 'held'), { successful: true, advice: { reconnect: 'retry' } })
  t.strictSame((await socket.waitClosed()).code, 1001)
  t.equal(b.app.realtime.metrics().nodes, 1)
  t.equal(b.app.realtime.metrics().guests, 0)
})

t.test('a node that is cut off tells its guests to try again, and takes them back when it is mended', async t => {
  const [a, b] = await startLocalNodes(t, 2, { maxInterval: 60_000 })
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  const away = new PollClient(b.url)
  away.cookie = client.cookie
  away.clientId = client.clientId
  b.backplane.cut()
  t.match(await away.connect(), [{ channel: '/meta/connect', successful: false, error: /^503:/, advice: { reconnect: 'retry', interval: 1000 } }])
  t.match(await away.ask({ channel: '/meta/subscribe', subscription: '/b' }), { successful: false, error: /^503:/, subscription: '/b' })
  b.backplane.mend()
  await until(() => b.app.realtime.health().backplane?.ok)
  a.app.realtime.publish('/a', 1)
  t.match(await away.connect(), [{ data: 1 }, { successful: true }])
})

t.test('a slow client at another node makes its own session wait, and no other', async t => {
  const [a, b] = await startLocalNodes(t, 2, { limits: { clientWaiting: 50_000, clientResumed: 20_000, outboxBytes: 100_000_000, outboxEvents: 100_000 } })
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/big' })
  const socket = await SocketClient.open(t, b.wsUrl, { headers: { cookie: client.cookie as string } })
  t.match(await socket.ask({ channel: '/meta/connect', clientId: client.clientId, connectionType: 'websocket', advice: { timeout: 0 } }), { successful: true })
  socket.ws.pause()
  const text = 'x'.repeat(10_000)
  for (let n = 0; n < 2000; n++) {
    a.app.realtime.publish('/big', { n, text })
    if (n % 20 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await until(() => (a.app.realtime.sessions.get(client.clientId)?.waiting ?? 0) > 10_000_000, 'most of it waits where the session is')
  socket.ws.resume()
  for (let n = 0; n < 2000; n++) {
    const { data } = await socket.next('/big')
    if (data.n !== n) throw new Error(`${data.n}, not ${n}`)
  }
  t.pass('all came, in order')
})
