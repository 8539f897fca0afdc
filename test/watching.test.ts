/** What can be seen of a gateway from outside: diagnostics channels, health, and a log without secrets. */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Diagnostics, Realtime } from '../lib/index.js'
import { freePort } from './harness/free-port.js'
import { startGateway } from './harness/gateway.js'
import { PollClient } from './harness/poll-client.js'
import { SocketClient } from './harness/socket-client.js'
import { startTcpService } from './harness/tcp-service.js'
import { until } from './harness/until.js'

type Name = keyof Diagnostics extends `fastify-bayeux:${infer Name}` ? Name : never

const names: readonly Name[] = ['handshake', 'connect', 'subscribe', 'unsubscribe', 'publish', 'deliver', 'refuse', 'join', 'leave', 'expire', 'disconnect', 'service']

/** Listens to all channels until the test ends. @returns what one gateway says, as it comes */
function watch (t: Test, realtime: () => Realtime): { name: Name, event: any }[] {
  const seen: { name: Name, event: any }[] = []
  for (const name of names) {
    const listener = (event: unknown) => {
      if ((event as { realtime: Realtime }).realtime === realtime()) seen.push({ name, event })
    }
    subscribe(`fastify-bayeux:${name}`, listener)
    t.after(() => unsubscribe(`fastify-bayeux:${name}`, listener))
  }
  return seen
}

t.test('diagnostics: the life of a session, and nothing of another gateway', async t => {
  const { app, wsUrl } = await startGateway(t)
  const other = await startGateway(t)
  const seen = watch(t, () => app.realtime)
  const stranger = await SocketClient.connect(t, other.wsUrl)
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  const session = app.realtime.sessions.get(clientId)
  const ask = (message: Record<string, unknown>) => client.ask({ clientId, ...message })
  await ask({ channel: '/meta/subscribe', subscription: ['/news', '/**'] })
  app.realtime.subscribe('/news', () => {})
  await ask({ channel: '/news', data: { title: 'hello' } })
  await stranger.ask({ channel: '/news', clientId: stranger.clientId, data: 1 })
  session?.deliver('/a', 'for you')
  await ask({ channel: '/meta/subscribe', subscription: '/meta/connect' })
  await ask({ channel: '/news', clientId: 'nobody', data: 1 })
  await ask({ channel: '/meta/unsubscribe', subscription: '/news' })
  await ask({ channel: '/meta/disconnect' })

  const told = seen.map(({ name, event: { realtime, ...event } }) => ({ name, ...event }))
  t.strictSame(told, [
    { name: 'handshake', session },
    { name: 'connect', session },
    { name: 'subscribe', session, channel: '/news' },
    { name: 'subscribe', session, channel: '/**' },
    { name: 'publish', session, channel: '/news', data: { title: 'hello' } },
    { name: 'deliver', session, channel: '/news', data: { title: 'hello' }, receivers: 2 },
    { name: 'deliver', session: null, channel: '/a', data: 'for you', receivers: 1 },
    { name: 'refuse', session, address: '127.0.0.1', channel: '/meta/subscribe', subscription: '/meta/connect', code: 403, text: 'Forbidden channel' },
    { name: 'refuse', session: null, address: '127.0.0.1', channel: '/news', subscription: undefined, code: 402, text: 'Unknown client' },
    { name: 'unsubscribe', session, channel: '/news' },
    { name: 'disconnect', session, reason: 'disconnected' }
  ])
})

t.test('diagnostics: a session that expires, and one without', async t => {
  const { app, url } = await startGateway(t, { maxInterval: 50, policy: { canPublishWithoutSession: () => true } })
  const seen = watch(t, () => app.realtime)
  await new PollClient(url).start()
  await until(() => seen.some(({ name }) => name === 'disconnect'))
  await new PollClient(url).send({ channel: '/feedback', data: 'fine' })
  await new PollClient(url).send({ data: 'no channel' })
  t.match(seen.slice(2).map(({ name, event }) => [name, event.session?.number, event.reason ?? event.receivers ?? event.code]), [
    ['expire', Number], ['disconnect', Number, 'expired'], ['publish', undefined], ['deliver', undefined, 0], ['refuse', undefined, 400]
  ])
})

t.test('diagnostics: a call that fails when its publish was acknowledged already', async t => {
  const { app } = await startGateway(t, { calls: { 'users/get': { handler: async () => { throw Object.assign(new Error('No such user'), { statusCode: 404 }) } } } })
  const client = app.realtime.inject({ address: '10.0.0.1' })
  await client.handshake()
  const seen = watch(t, () => app.realtime)
  await t.rejects(client.call('users/get'), { message: '404:/service/rpc/users/get:No such user' })
  const session = app.realtime.sessions.get(client.clientId)
  const told = seen.filter(({ name }) => name === 'refuse').map(({ event: { realtime, ...event } }) => event)
  t.strictSame(told, [{ session, address: '10.0.0.1', channel: '/service/rpc/users/get', subscription: undefined, code: 404, text: 'No such user' }])
})

t.test('diagnostics: who joins and who leaves', async t => {
  const { app } = await startGateway(t, { channels: { '/room': { presence: session => ({ number: session.number }) } } })
  const seen = watch(t, () => app.realtime)
  const client = app.realtime.inject()
  await client.handshake()
  const session = app.realtime.sessions.get(client.clientId)
  await client.subscribe('/room')
  await client.disconnect()
  const told = seen.filter(({ name }) => name === 'join' || name === 'leave').map(({ name, event: { realtime, ...event } }) => ({ name, ...event }))
  t.match(told, [{ name: 'join', channel: '/room', member: { info: { number: session?.number } }, session }, { name: 'leave', channel: '/room', session }])
})

t.test('diagnostics: the conversations of services', async t => {
  const service = await startTcpService(t)
  const port = await freePort()
  const { app, wsUrl } = await startGateway(t, {
    services: {
      it: { port: service.port, domain: '127.0.0.1' },
      away: { port, domain: '127.0.0.1' },
      feed: { port: service.port, domain: '127.0.0.1', shared: { reconnect: { min: 1, max: 10 } } }
    }
  })
  const seen = watch(t, () => app.realtime)
  const told = () => seen.filter(({ name }) => name === 'service').map(({ event: { realtime, ...event } }) => event)
  const client = await SocketClient.connect(t, wsUrl)
  const session = app.realtime.sessions.get(client.clientId)
  const ask = (channel: string, subscription: string) => client.ask({ channel, clientId: client.clientId, subscription })

  await ask('/meta/subscribe', '/service/it')
  await ask('/meta/unsubscribe', '/service/it')
  await ask('/meta/subscribe', '/service/away')
  await ask('/meta/subscribe', '/service/it')
  ;(await service.socket(1)).resetAndDestroy()
  await client.next('/meta/unsubscribe')
  t.match(told(), [
    { service: 'it', session, state: 'connected', ms: Number },
    { service: 'it', session, state: 'ended', reason: 'left' },
    { service: 'away', session, state: 'unreachable', error: '403:/service/away:Connection refused', cause: { code: 'ECONNREFUSED' } },
    { service: 'it', session, state: 'connected', ms: Number },
    { service: 'it', session, state: 'ended', reason: 'broken', error: '502:/service/it:Service broke', cause: { code: 'ECONNRESET' } }
  ])
  seen.length = 0
  await ask('/meta/subscribe', '/service/feed')
  ;(await service.socket(2)).end()
  await until(() => told().length >= 4)
  t.match(told(), [
    { service: 'feed', session: null, state: 'connected' },
    { service: 'feed', session: null, state: 'ended', reason: 'ended' },
    { service: 'feed', session: null, state: 'reconnecting', ms: Number },
    { service: 'feed', session: null, state: 'connected' }
  ])
})

t.test('diagnostics: where nobody listens, a publish costs one look for all its receivers', async t => {
  const { app } = await startGateway(t, { services: { away: { port: await freePort(), domain: '127.0.0.1' } } })
  const clients = await Promise.all(Array.from({ length: 20 }, async () => {
    const client = app.realtime.inject()
    await client.handshake()
    await client.subscribe('/n')
    return client
  }))
  const looks: string[] = []
  for (const name of names) {
    const watched = channel(`fastify-bayeux:${name}`)
    Object.defineProperty(watched, 'hasSubscribers', { configurable: true, get: () => { looks.push(name) } })
    Object.defineProperty(watched, 'publish', { configurable: true, value: () => t.fail(`${name} is told to nobody`) })
    t.after(() => { for (const field of ['hasSubscribers', 'publish']) Reflect.deleteProperty(watched, field) })
  }
  app.realtime.publish('/n', 1)
  for (const client of clients) t.match(await client.next(), { data: 1 })
  t.strictSame(looks, ['publish', 'deliver'])
  t.match(await clients[0]?.subscribe('/service/away'), { successful: false })
})

t.test('health: what is known of services, without asking them', async t => {
  const service = await startTcpService(t)
  const port = await freePort()
  const began = Date.now()
  const { app, wsUrl } = await startGateway(t, {
    services: {
      it: { port: service.port, domain: '127.0.0.1' },
      away: { port, domain: '127.0.0.1' },
      feed: { port: service.port, domain: '127.0.0.1', shared: { linger: 1, reconnect: { min: 60_000, max: 60_000 } } }
    },
    limits: { sessions: 2 }
  })
  const { realtime } = app
  const unknown = { ok: true, state: 'unknown', since: null, open: 0, lastError: null }
  t.strictSame(JSON.parse(JSON.stringify(realtime.health())), { ok: true, state: 'open', sessions: 0, services: { it: unknown, away: unknown, feed: unknown } })
  const client = await SocketClient.connect(t, wsUrl)
  const ask = (channel: string, subscription: string) => client.ask({ channel, clientId: client.clientId, subscription })

  await ask('/meta/subscribe', '/service/it')
  const { it } = realtime.health().services
  t.match(it, { ok: true, state: 'up', open: 1, lastError: null })
  t.ok(Number(it?.since) >= began)
  t.equal(realtime.health().ok, true)

  await ask('/meta/subscribe', '/service/away')
  t.match(realtime.health(), { ok: false, state: 'open', services: { away: { ok: false, state: 'down', open: 0, lastError: { error: '403:/service/away:Connection refused', at: Number } } } })
  realtime.services.set('away', { port: service.port, domain: '127.0.0.1' })
  t.match(realtime.health().services.away, unknown, 'another definition is another service')
  await realtime.services.check('away')
  t.match(realtime.health(), { ok: true, services: { away: { ok: true, state: 'up' } } })

  ;(await service.socket(0)).resetAndDestroy()
  await client.next('/meta/unsubscribe')
  t.match(realtime.health().services.it, { ok: true, state: 'up', lastError: { error: '502:/service/it:Service broke' } }, 'one conversation that broke does not say that the next one will not come about')

  await ask('/meta/subscribe', '/service/feed')
  ;(await service.socket(2)).end()
  await until(() => realtime.health().services.feed?.state === 'reconnecting')
  const { feed } = realtime.health().services
  t.match(feed, { ok: false, open: 0 })
  t.ok(Number(feed?.retryAt) > Date.now(), 'when it is tried next')
  t.equal(realtime.health().ok, false)
  await ask('/meta/unsubscribe', '/service/feed')
  t.match(realtime.health().services.feed, unknown, 'nobody wants it any more, and nobody knows')

  await SocketClient.connect(t, wsUrl)
  t.match(realtime.health(), { ok: false, state: 'full', sessions: 2 })
  await app.close()
  t.match(realtime.health(), { ok: false, state: 'closing', sessions: 0 })
})

t.test('health: a shared service that cannot be reached is down, and is back when it is', async t => {
  const port = await freePort()
  const { app } = await startGateway(t, { services: { feed: { port, domain: '127.0.0.1', shared: true } } })
  const { realtime } = app
  t.equal((await realtime.services.check('feed')).ok, false)
  t.match(realtime.health(), { ok: false, services: { feed: { state: 'down' } } })
  const service = await startTcpService(t, undefined, port)
  t.equal((await realtime.services.check('feed')).ok, true)
  t.match(realtime.health(), { ok: true, services: { feed: { ok: true, state: 'up', lastError: { error: '403:/service/feed:Connection refused' } } } })
  t.equal(service.sockets.length, 1)
})

t.test('a monitoring service: figures, rates and health, for whom the gateway allows it', async t => {
  const { app } = await startGateway(t, {
    services: { figures: { type: 'monitoring', interval: 10, authorize: session => session.identity === 'ada' } }
  })
  const eve = app.realtime.inject({ identity: 'eve' })
  await eve.handshake()
  t.match(await eve.subscribe('/service/figures'), { successful: false, error: /^403:/ })
  const ada = app.realtime.inject({ identity: 'ada' })
  await ada.handshake()
  await ada.subscribe('/service/figures')
  let figures: any
  do {
    app.realtime.publish('/a', 1)
    figures = (await ada.next()).data
    t.match(figures, { pid: process.pid, cpu: Number, rss: Number, heap: Number, uptime: Number, eventLoopDelay: Number, sessions: 2, messagesPerSecond: Number, gateway: { handshakes: 2 }, health: { ok: true, state: 'open', services: { figures: { state: 'up', open: 1 } } } })
    t.strictSame(Object.keys(figures.rates), ['messagesIn', 'messagesOut', 'published', 'delivered', 'handshakes', 'refused'])
  } while (figures.rates.published === 0)
  t.ok(figures.rates.published > 0)
})

t.test('a session says how old it is, and how much waits for it', async t => {
  const { app, url } = await startGateway(t)
  const client = await new PollClient(url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/n' })
  const session = app.realtime.sessions.get(client.clientId)
  t.match(session, { waiting: 0 })
  app.realtime.publish('/n', 'x'.repeat(1000))
  t.equal(session?.waiting, JSON.stringify({ channel: '/n', data: 'x'.repeat(1000) }).length)
  t.ok(Number(session?.age) > 0)
  await client.connect()
  t.equal(session?.waiting, 0)
})

t.test('the documentation names every channel', async t => {
  const text = readFileSync(new URL('../docs/watching.md', import.meta.url), 'utf8')
  for (const name of names) t.match(text, `\`fastify-bayeux:${name}\``)
})
