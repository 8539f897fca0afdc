/** WebSocket: frames, several sessions, moving, silence and every refusal (docs/protocol.md, section 5). */
import websocket from '@fastify/websocket'
import t from 'tap'
import WebSocket from 'ws'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient, type Message } from '../harness/socket-client.js'
import { until, within } from '../harness/until.js'

const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] }

/** Tries an upgrade that is to be refused. @returns its HTTP status */
function refusedUpgrade (url: string, headers: Record<string, string> = {}): Promise<number> {
  return within(new Promise((resolve, reject) => {
    const ws = new WebSocket(url, { headers })
    ws.on('open', () => reject(new Error('upgraded')))
    ws.on('error', () => {})
    ws.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
  }), 'an answer to the upgrade')
}

t.test('handshake, connect, subscribe, publish, unsubscribe, disconnect', async t => {
  const { wsUrl } = await startGateway(t)
  const alice = await SocketClient.connect(t, wsUrl)
  const { clientId } = alice
  t.match(await alice.ask({ channel: '/meta/subscribe', clientId, subscription: '/a/**' }), { successful: true, clientId, subscription: '/a/**' })
  const bob = await SocketClient.connect(t, wsUrl)
  t.match(await bob.ask({ channel: '/a/b/c', clientId: bob.clientId, data: [1] }), { channel: '/a/b/c', successful: true })
  const event = await alice.next('/a/b/c')
  t.match(event, { data: [1] })
  t.notOk('clientId' in event)
  t.match(await alice.ask({ channel: '/meta/unsubscribe', clientId, subscription: '/a/**' }), { successful: true })
  t.match(await alice.ask({ channel: '/meta/disconnect', clientId }), { successful: true })
  for (const frame of alice.frames) t.ok(Array.isArray(JSON.parse(frame)))
})

t.test('the connect is held as a heartbeat, and released when its session says goodbye', async t => {
  const { wsUrl } = await startGateway(t, { timeout: 100 })
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  t.match(await client.ask({ channel: '/meta/connect', clientId, connectionType: 'websocket' }), { successful: true, advice: { reconnect: 'retry' } }, 'answered when its time is up')
  const held = client.ask({ channel: '/meta/connect', clientId, connectionType: 'WebSocket', advice: { timeout: 60_000 } })
  t.match(await client.ask({ channel: '/meta/disconnect', clientId }), { successful: true })
  t.match(await held, { channel: '/meta/connect', successful: true, advice: { reconnect: 'none' } })
})

t.test('several sessions share a socket, up to the bound', async t => {
  const { url, wsUrl, app } = await startGateway(t, { limits: { sessionsPerSocket: 3 } })
  const client = await SocketClient.open(t, wsUrl)
  const ids: string[] = []
  for (let index = 0; index < 3; index++) ids.push((await client.ask(handshake)).clientId)
  t.match(await client.ask(handshake), { successful: false, error: /^429:/ })
  const elsewhere = new PollClient(url)
  await elsewhere.handshake()
  t.match(await client.ask({ channel: '/meta/connect', clientId: elsewhere.clientId, connectionType: 'websocket' }), { successful: false, error: /^429:/ })
  for (const clientId of ids) await client.ask({ channel: '/meta/connect', clientId, connectionType: 'websocket', advice: { timeout: 0 } })
  await client.ask({ channel: '/meta/subscribe', clientId: ids[0], subscription: '/a' })
  await client.ask({ channel: '/meta/subscribe', clientId: ids[2], subscription: '/*' })
  app.realtime.publish('/a', 1)
  await client.next('/a')
  await client.next('/a')
  app.realtime.sessions.get(ids[0] as string)?.disconnect('enough')
  t.match(await client.next('/meta/connect'), { successful: false, clientId: ids[0], error: `403:${ids[0]}:enough`, advice: { reconnect: 'none' } })
  t.equal(client.closed, null, 'the socket stays for the others')
  client.ws.close()
  await until(() => [...app.realtime.sessions.values()].every(session => session.transport === null))
})

t.test('a handshake over POST, the connect over WebSocket, and back: one session, queue and all', async t => {
  const { url, wsUrl, app } = await startGateway(t)
  const poller = await new PollClient(url).start()
  const { clientId } = poller
  await poller.ask({ channel: '/meta/subscribe', subscription: '/a' })
  app.realtime.publish('/a', 'queued')
  const socket = await SocketClient.open(t, wsUrl, { headers: { cookie: poller.cookie as string } })
  socket.send([{ channel: '/meta/connect', clientId, connectionType: 'websocket' }])
  t.match(await socket.next('/a'), { data: 'queued' })
  app.realtime.publish('/a', 'pushed')
  t.match(await socket.next('/a'), { data: 'pushed' })
  t.match(await poller.ask({ channel: '/a', data: 1 }), { error: /^402:/ }, 'on a live WebSocket it answers only to that socket')
  const [connected] = await poller.connect({ timeout: 0 })
  t.match(connected, { channel: '/meta/connect', successful: true }, 'its cookie takes it back at once')
  t.match(await socket.waitClosed(), { code: 4000 })
  app.realtime.publish('/a', 'polled')
  t.match(await poller.connect(), [{ data: 'polled' }, { channel: '/meta/connect' }])
})

t.test('what leaves in one tick leaves in order, and own messages share a frame', async t => {
  const { wsUrl, app } = await startGateway(t)
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/n' })
  const frames = client.frames.length
  client.send([1, 2, 3].map(id => ({ channel: '/nobody', clientId, data: id, id })))
  await client.next(message => message.id === 3)
  t.equal(client.frames.length, frames + 1, 'three replies, one frame')
  for (let n = 0; n < 500; n++) app.realtime.publish('/n', n)
  const seen: number[] = []
  while (seen.length < 500) seen.push((await client.next('/n')).data)
  t.strictSame(seen, seen.map((_each, index) => index))
})

t.test('more events in one turn than the outbox holds are no slow reader', async t => {
  const { wsUrl, app } = await startGateway(t, { limits: { outboxEvents: 10 } })
  const client = await SocketClient.connect(t, wsUrl)
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/n' })
  for (let n = 0; n < 1000; n++) app.realtime.publish('/n', n)
  for (let n = 0; n < 1000; n++) t.equal((await client.next('/n')).data, n)
})

t.test('frames of every size arrive as they were sent', async t => {
  const { wsUrl, app } = await startGateway(t)
  const client = await SocketClient.connect(t, wsUrl)
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/n' })
  for (const size of [0, 80, 81, 82, 83, 84, 65_490, 65_500, 65_510, 65_520, 200_000]) {
    const data = 'é'.repeat(size / 2)
    app.realtime.publish('/n', data)
    t.equal((await client.next('/n')).data, data)
  }
})

t.test('no JSON: 1007, and the sessions of the socket stay for a while', async t => {
  const { wsUrl, app } = await startGateway(t)
  for (const garbage of ['{', '5', '[1]', 'null']) {
    const client = await SocketClient.connect(t, wsUrl)
    client.send(garbage)
    t.match(await client.waitClosed(), { code: 1007, reason: /^400::/ })
    t.equal(app.realtime.sessions.get(client.clientId)?.transport, null)
  }
})

t.test('JSON that is refused as a whole keeps the socket open', async t => {
  const { wsUrl } = await startGateway(t, { limits: { batch: 2 } })
  const client = await SocketClient.connect(t, wsUrl)
  client.send([1, 2, 3].map(id => ({ channel: '/a', data: 1, id, clientId: client.clientId })))
  t.match(await client.next(message => message.successful === false), { error: /^400::More than 2/ })
  t.match(await client.ask({ channel: '/a', clientId: client.clientId, data: 1 }), { successful: true })
})

t.test('one bad message in a batch gets its own error, the others are handled', async t => {
  const { wsUrl } = await startGateway(t)
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  client.send([{ id: 1 }, { id: 2, channel: '/a', clientId }, { id: 3, channel: '/a', clientId, data: 1 }])
  const replies: Message[] = []
  for (const id of [1, 2, 3]) replies.push(await client.next(message => message.id === id))
  t.match(replies, [{ successful: false, error: /^400:/ }, { successful: false, channel: '/a', error: /^400:\/a,\/data:/ }, { successful: true }])
})

t.test('too large: 1009; binary: 1003', async t => {
  const { wsUrl } = await startGateway(t, { limits: { websocketMessage: 1000 } })
  const large = await SocketClient.connect(t, wsUrl)
  large.send([{ channel: '/a', clientId: large.clientId, data: 'x'.repeat(1000) }])
  t.equal((await large.waitClosed()).code, 1009)
  const binary = await SocketClient.connect(t, wsUrl)
  binary.ws.send(Buffer.from('[]'))
  t.equal((await binary.waitClosed()).code, 1003)
})

t.test('a foreign origin gets no socket', async t => {
  const { wsUrl, origin } = await startGateway(t, { origins: ['https://app.example'] })
  t.equal(await refusedUpgrade(wsUrl, { origin: 'https://evil.example' }), 403)
  await SocketClient.open(t, wsUrl, { headers: { origin } })
  await SocketClient.open(t, wsUrl, { headers: { origin: 'https://app.example' } })
})

t.test('hooks of the route run for GET, POST and upgrade alike', async t => {
  const seen: string[] = []
  const { url, wsUrl } = await startGateway(t, {
    onRequest: async request => { seen.push(`${request.method} ${request.ws}`) },
    preHandler: [async (request, reply) => {
      if (request.headers.authorization === 'Bearer yes') return
      return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'who are you?' })
    }]
  })
  t.equal((await fetch(url)).headers.get('www-authenticate'), 'Bearer')
  t.equal((await new PollClient(url).post([handshake])).status, 401)
  t.equal(await refusedUpgrade(wsUrl), 401)
  t.strictSame(seen, ['GET false', 'POST false', 'GET true'])
  const headers = { authorization: 'Bearer yes' }
  t.equal((await fetch(url, { headers })).status, 200)
  await SocketClient.open(t, wsUrl, { headers })
})

t.test('the 101 sets the cookie, and a socket that brings it keeps it', async t => {
  const { wsUrl } = await startGateway(t)
  const first = await SocketClient.open(t, wsUrl)
  t.match(first.cookie, /^BAYEUX_BROWSER=[A-Za-z0-9]{27}$/)
  const second = await SocketClient.open(t, wsUrl, { headers: { cookie: first.cookie as string } })
  t.equal(second.cookie, null)
})

t.test('a silent client is pinged, and cut when it does not answer', async t => {
  const { wsUrl, app } = await startGateway(t, { limits: { websocketSilence: 50, websocketPong: 100 } })
  const pinged = new Set<string>()
  const alive = await SocketClient.connect(t, wsUrl)
  alive.ws.on('ping', () => pinged.add('alive'))
  const dead = await SocketClient.open(t, wsUrl, { autoPong: false })
  dead.ws.on('ping', () => pinged.add('dead'))
  t.equal((await dead.waitClosed()).code, 1006)
  await until(() => pinged.size === 2)
  t.equal(alive.closed, null)
  t.equal(app.realtime.sessions.get(alive.clientId)?.transport, 'websocket')
})

t.test('a client that we do not read is not cut for silence', async t => {
  let go = () => {}
  const gate = new Promise<void>(resolve => { go = resolve })
  const { wsUrl } = await startGateway(t, {
    limits: { websocketSilence: 20, websocketPong: 20, lane: 2 },
    policy: { canPublish: () => gate.then(() => true) }
  })
  const client = await SocketClient.connect(t, wsUrl, { autoPong: false })
  client.send([1, 2, 3, 4, 5].map(id => ({ channel: '/a', clientId: client.clientId, data: id, id })))
  const silent = await SocketClient.connect(t, wsUrl, { autoPong: false })
  await silent.waitClosed()
  t.equal(client.closed, null)
  go()
  for (const id of [1, 2, 3, 4, 5]) t.match(await client.next(message => message.id === id), { successful: true })
})

t.test('the host\'s own @fastify/websocket is used where there is one', async t => {
  const { wsUrl, app } = await startGateway(t, { limits: { websocketMessage: 500 } }, {
    before: app => app.register(websocket, { options: { perMessageDeflate: { threshold: 0 } } })
  })
  const client = await SocketClient.connect(t, wsUrl, { perMessageDeflate: true })
  t.equal(client.ws.extensions, 'permessage-deflate', 'compressed, so frames go through ws')
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/n' })
  app.realtime.publish('/n', 'x'.repeat(1000))
  t.equal((await client.next('/n')).data.length, 1000)
  client.send([{ channel: '/a', clientId: client.clientId, data: 'x'.repeat(1000) }])
  t.equal((await client.waitClosed()).code, 1009, 'our bound holds there too')
})

t.test('injectWS, a socket without a socket', async t => {
  const { app } = await startGateway(t)
  const ws = await app.injectWS('/realtime')
  t.after(() => ws.terminate())
  const answer = new Promise<string>(resolve => ws.on('message', data => resolve(String(data))))
  ws.send(JSON.stringify([handshake]))
  t.match(JSON.parse(await within(answer, 'an answer')), [{ channel: '/meta/handshake', successful: true }])
})

t.test('a socket that no session uses is closed', async t => {
  const { wsUrl } = await startGateway(t, { limits: { handshakeWithoutConnect: 100 } })
  const unused = await SocketClient.open(t, wsUrl)
  t.match(await unused.waitClosed(), { code: 1000, reason: 'unused' })
  const left = await SocketClient.connect(t, wsUrl)
  await left.ask({ channel: '/meta/disconnect', clientId: left.clientId })
  t.match(await left.waitClosed(), { code: 1000, reason: 'unused' })
})
