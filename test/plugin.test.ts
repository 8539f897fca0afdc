/** The plugin as an application uses it: `app.realtime`, its events, and the end of it all. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import Fastify from 'fastify'
import t from 'tap'
import realtime, { type Session } from '../lib/index.js'
import { startGateway } from './harness/gateway.js'
import { PollClient } from './harness/poll-client.js'
import { SocketClient, type Message } from './harness/socket-client.js'
import { startTcpService } from './harness/tcp-service.js'
import { until, within } from './harness/until.js'

t.test('publish, deliver and subscribe as the application', async t => {
  const { app, wsUrl } = await startGateway(t)
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/news/**' })
  app.realtime.publish('/news/today', { title: 'hello' }, { id: 'n1', ext: { from: 'us' } })
  t.strictSame(await client.next('/news/today'), { channel: '/news/today', data: { title: 'hello' }, id: 'n1', ext: { from: 'us' } })
  t.equal(app.realtime.deliver(clientId, '/service/clock', 12), true)
  t.strictSame(await client.next('/service/clock'), { channel: '/service/clock', data: 12 })
  t.equal(app.realtime.deliver('nobody', '/a', 1), false)

  const heard: unknown[] = []
  const stop = app.realtime.subscribe('/up/*', (message, session) => heard.push([message.data, session?.id]))
  app.realtime.subscribe('/up/*', () => { throw new Error('a listener that fails hurts nobody') })
  await client.ask({ channel: '/up/x', clientId, data: 1 })
  app.realtime.publish('/up/x', 2)
  stop()
  await client.ask({ channel: '/up/x', clientId, data: 3 })
  t.strictSame(heard, [[1, clientId], [2, undefined]])
})

t.test('a service of a few lines: listen on /service/… and deliver', async t => {
  const { app, wsUrl } = await startGateway(t)
  app.realtime.subscribe('/service/upper', (message, session) => session?.deliver('/service/upper', String(message.data).toUpperCase()))
  const client = await SocketClient.connect(t, wsUrl)
  const other = await SocketClient.connect(t, wsUrl)
  for (const each of [client, other]) t.match(await each.ask({ channel: '/meta/subscribe', clientId: each.clientId, subscription: '/service/upper' }), { successful: true })
  t.match(await client.ask({ channel: '/service/upper', clientId: client.clientId, data: 'quiet' }), { successful: true })
  t.match(await client.next(message => message.data !== undefined), { data: 'QUIET' })
  t.match(await other.ask({ channel: '/service/nobody', clientId: other.clientId, data: 1 }), { error: /^404:/ })
  t.notOk(other.messages.some(message => message.data !== undefined), 'never to another client')
})

t.test('wrong use is told where it happens', async t => {
  const { app } = await startGateway(t)
  const code = 'FST_BAYEUX_USAGE'
  for (const channel of ['/a/*', 'a', '/service/x', '/meta/handshake', '']) t.throws(() => app.realtime.publish(channel, 1), { code }, channel)
  for (const channel of ['/meta/connect', '/a/**', '/a b']) t.throws(() => app.realtime.deliver('x', channel, 1), { code }, channel)
  for (const pattern of ['/meta/*', '/service/*', '/a/*/b']) t.throws(() => app.realtime.subscribe(pattern, () => {}), { code }, pattern)
})

t.test('events of a life', async t => {
  const { app, url } = await startGateway(t)
  const seen: unknown[] = []
  app.realtime.on('handshake', session => seen.push(['handshake', session.id]))
  app.realtime.on('connect', session => seen.push(['connect', session.transport]))
  app.realtime.on('subscribe', (_session, channel) => seen.push(['subscribe', channel]))
  app.realtime.on('publish', (session, channel, data) => seen.push(['publish', session?.id, channel, data]))
  app.realtime.on('unsubscribe', (_session, channel) => seen.push(['unsubscribe', channel]))
  app.realtime.on('disconnect', (_session, reason) => seen.push(['disconnect', reason]))
  app.realtime.on('subscribe', () => { throw new Error('a listener that fails hurts nobody') })
  const client = await new PollClient(url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  await client.ask({ channel: '/a', data: 1 })
  await client.ask({ channel: '/meta/unsubscribe', subscription: '/a' })
  await client.ask({ channel: '/meta/disconnect' })
  t.strictSame(seen, [
    ['handshake', client.clientId],
    ['connect', 'long-polling'],
    ['subscribe', '/a'],
    ['publish', client.clientId, '/a', 1],
    ['unsubscribe', '/a'],
    ['disconnect', 'disconnected']
  ])
})

t.test('sessions: who is there, and ending one', async t => {
  const { app, wsUrl } = await startGateway(t)
  const client = await SocketClient.connect(t, wsUrl)
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/a' })
  const session = app.realtime.sessions.get(client.clientId) as Session
  session.state.set('name', 'ada')
  t.match(session, { id: client.clientId, identity: null, transport: 'websocket', caller: { address: '127.0.0.1', transport: 'websocket' } })
  t.strictSame([...session.subscriptions], ['/a'])
  const held = client.ask({ channel: '/meta/connect', clientId: client.clientId, connectionType: 'websocket' })
  await until(() => app.realtime.metrics().heldConnects === 1)
  session.disconnect('You were too loud')
  t.match(await held, { successful: false, error: `403:${client.clientId}:You were too loud`, advice: { reconnect: 'none' } })
  t.match(await client.waitClosed(), { code: 1000 })
  t.equal(session.deliver('/a', 1), false)
  t.equal(app.realtime.sessions.size, 0)
  t.equal(app.realtime.metrics().subscriptions, 0)
})

t.test('a subscriber that stops reading is told and ended; the others get everything', async t => {
  const { app, wsUrl } = await startGateway(t, { limits: { outboxEvents: 50 } })
  const slow = await SocketClient.connect(t, wsUrl)
  const quick = await SocketClient.connect(t, wsUrl)
  for (const client of [slow, quick]) await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/n' })
  const ended = new Promise<string>(resolve => app.realtime.on('disconnect', (session, reason) => resolve(`${session.id} ${reason}`)))
  slow.ws.pause()
  const data = 'x'.repeat(100_000)
  let published = 0
  const seen: number[] = []
  while (app.realtime.sessions.has(slow.clientId)) {
    app.realtime.publish('/n', { n: published++, data })
    seen.push((await quick.next('/n')).data.n)
  }
  t.equal(await ended, `${slow.clientId} overflow`)
  t.strictSame(seen, seen.map((_each, index) => index))
  t.match(app.realtime.metrics(), { overflowed: 1 })
  slow.ws.resume()
  t.equal((await slow.waitClosed()).code, 1013)
  t.match(slow.messages.at(-1), { channel: '/meta/connect', successful: false, error: /^413:/, advice: { reconnect: 'handshake' } })
})

t.test('a subscriber that stops polling is ended, and told 413', async t => {
  const { app, url } = await startGateway(t, { limits: { outboxBytes: 10_000 } })
  const client = await new PollClient(url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/n' })
  for (let n = 0; n < 12; n++) app.realtime.publish('/n', 'x'.repeat(1000))
  t.match(await client.connect(), [{ error: /^413:/, advice: { reconnect: 'handshake' } }])
})

t.test('more sessions than allowed: 503, with advice to come back later', async t => {
  const { url } = await startGateway(t, { limits: { sessions: 1 } })
  await new PollClient(url).start()
  const refused = await new PollClient(url).handshake()
  t.match(refused, { successful: false, error: /^503:/, advice: { reconnect: 'handshake' } })
  t.ok(refused.advice.interval >= 5000)
})

t.test('more subscriptions than allowed: 429, and the same one again is no more', async t => {
  const { url } = await startGateway(t, { limits: { subscriptions: 2 } })
  const client = await new PollClient(url).start()
  t.match(await client.ask({ channel: '/meta/subscribe', subscription: ['/a', '/b'] }), { successful: true })
  t.match(await client.ask({ channel: '/meta/subscribe', subscription: '/a' }), { successful: true })
  t.match(await client.ask({ channel: '/meta/subscribe', subscription: '/c' }), { successful: false, error: /^429:\/c:/ })
})

t.test('inject: an application tested without a port', async t => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(realtime, { authenticate: () => { throw new Error('asked') } })
  await app.ready()
  const client = app.realtime.inject({ identity: { name: 'ada' }, address: '10.0.0.1', headers: { 'user-agent': 'test' } })
  t.match(await client.handshake(), { successful: true })
  t.match(app.realtime.sessions.get(client.clientId), { identity: { name: 'ada' }, caller: { address: '10.0.0.1' }, transport: 'inject' })
  await client.subscribe('/a')
  t.match(await client.publish('/a', 1), { successful: true })
  t.match(await client.next(), { channel: '/a', data: 1 })
  app.realtime.publish('/a', 2)
  await until(() => client.received.length === 1)
  t.match(await client.unsubscribe('/a'), { successful: true })
  t.match(await client.send({ channel: '/meta/x' }), { error: /^403:/ })
  t.match(await client.disconnect(), { successful: true })
  t.match(await client.publish('/a', 1), { error: /^402:/ })
  t.match(await client.next(), { data: 2 })
  const waiting = client.next()
  client.close()
  await t.rejects(waiting)
  await t.rejects(client.next())
  await t.rejects(client.send({ channel: '/a', data: 1 }))
})

t.test('what is logged says which session, and never its clientId or data', async t => {
  const stream = new PassThrough()
  const lines: string[] = []
  stream.on('data', line => lines.push(String(line)))
  const { url } = await startGateway(t, { policy: { canPublish: () => { throw new Error('on purpose') } } }, { fastify: { logger: { level: 'trace', stream } } })
  const client = await new PollClient(url).start()
  await client.ask({ channel: '/a', data: 'a secret' })
  await until(() => lines.join('').includes('on purpose'))
  const text = lines.join('')
  t.match(text, /"plugin":"fastify-bayeux"/)
  t.match(text, /"session":\d+/)
  t.notOk(text.includes(client.clientId))
  t.notOk(text.includes('a secret'))
  t.notOk(text.includes((client.cookie as string).split('=')[1] as string))
})

t.test('a host\'s handlerTimeout does not kill a held poll', async t => {
  const { url } = await startGateway(t, { timeout: 400 }, { fastify: { handlerTimeout: 100 } })
  const client = await new PollClient(url).start()
  t.match(await client.connect(), [{ channel: '/meta/connect', successful: true }])
})

t.test('closing answers every poll, closes every socket with a frame, and ends the services', async t => {
  const service = await startTcpService(t)
  const { app, url, wsUrl } = await startGateway(t, { drain: 2000, services: { one: { port: service.port } } })
  const poller = await new PollClient(url).start()
  const poll = poller.connect()
  const socket = await SocketClient.connect(t, wsUrl)
  const idle = await SocketClient.open(t, wsUrl)
  await socket.ask({ channel: '/meta/subscribe', clientId: socket.clientId, subscription: '/service/one' })
  const held = socket.ask({ channel: '/meta/connect', clientId: socket.clientId, connectionType: 'websocket' })
  await until(() => app.realtime.metrics().heldConnects === 2)
  const ended = once(service.sockets[0] as never, 'end')
  const closed = app.close()
  t.match(await poll, [{ channel: '/meta/connect', successful: true, advice: { reconnect: 'retry' } }])
  t.match(await held, { successful: true, advice: { reconnect: 'retry' } })
  t.ok((await held).advice.interval >= 0)
  t.equal((await socket.waitClosed()).code, 1001)
  t.equal((await idle.waitClosed()).code, 1001)
  await within(ended, 'the end of the conversation')
  await within(closed, 'close')
})

t.test('a client that never answers the close frame does not keep the server', async t => {
  const { app, wsUrl } = await startGateway(t, { drain: 100 })
  const silent = await SocketClient.connect(t, wsUrl)
  silent.ws.pause()
  await within(app.close(), 'close')
  silent.ws.resume()
  await silent.waitClosed()
})

t.test('under a prefix, and on a host that ignores trailing slashes', async t => {
  for (const fastify of [{}, { ignoreTrailingSlash: true }, { routerOptions: { ignoreTrailingSlash: true } }]) {
    const app = Fastify(fastify)
    t.after(() => app.close())
    await app.register(async scope => { await scope.register(realtime) }, { prefix: '/api' })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const client = new PollClient(`${origin}/api/realtime`)
    const reply = await (await client.post({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] })).json() as Message
    t.equal(reply.ext.url.pathname, '/api/realtime')
    t.match((await fetch(client.url)).headers.getSetCookie()[0], /; Path=\/api\/realtime;/)
    for (const path of ['/', '/handshake']) t.equal((await client.post([], {}, path)).status, 200, path)
    await SocketClient.connect(t, `${origin.replace('http', 'ws')}/api/realtime`)
  }
})

t.test('asynchronous listeners that fail are logged, and end nothing', async t => {
  const stream = new PassThrough()
  let text = ''
  stream.on('data', line => { text += String(line) })
  const { app, url } = await startGateway(t, {}, { fastify: { logger: { stream } } })
  app.realtime.on('subscribe', async () => { throw new Error('first mishap') })
  app.realtime.subscribe('/a', async () => { throw new Error('second mishap') })
  const client = await new PollClient(url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  t.match(await client.ask({ channel: '/a', data: 1 }), { successful: true })
  await until(() => text.includes('first mishap') && text.includes('second mishap'))
})

t.test('a connection on which no request ever came does not keep the server', async t => {
  const { app, origin } = await startGateway(t)
  const used = await fetch(origin + '/realtime')
  t.equal(used.status, 200)
  const unused = connect(Number(new URL(origin).port), '127.0.0.1')
  unused.on('error', () => {})
  await once(app.server, 'connection')
  await within(app.close(), 'close')
  unused.destroy()
})
