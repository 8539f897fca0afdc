/** `/service/monitor`: who may look, what is seen of few and of many sessions, and what is not. */
import t, { type Test } from 'tap'
import type { InjectedClient, Realtime, RealtimeOptions } from '../../lib/index.js'
import type { Look, View } from '../../lib/monitor/view.js'
import { freePort } from '../harness/free-port.js'
import { startGateway, type Gateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until, within } from '../harness/until.js'

const CHANNEL = '/service/monitor'
const look: Look = { find: '', order: 'newest', page: 0, channels: '' }

/** A gateway with a monitor page for ada. */
function watched (t: Test, options: RealtimeOptions = {}): Promise<Gateway> {
  return startGateway(t, { monitor: { authorize: session => session.identity === 'ada', interval: 100 }, ...options })
}

async function enter ({ app }: Gateway, identity: string): Promise<InjectedClient> {
  const client = app.realtime.inject({ identity })
  await client.handshake()
  return client
}

/** Somebody who looks. */
class Eye {
  readonly client: InjectedClient

  constructor (client: InjectedClient) {
    this.client = client
  }

  static async open (gateway: Gateway): Promise<Eye> {
    const client = await enter(gateway, 'ada')
    const { successful, error } = await client.subscribe(CHANNEL)
    if (!successful) throw new Error(error)
    return new Eye(client)
  }

  async next (): Promise<View> {
    return (await this.client.next()).data as View
  }

  /** The first view that is as it is wanted. */
  sees (wanted: (view: View) => boolean): Promise<View> {
    const found = async () => {
      for (;;) {
        const view = await this.next()
        if (wanted(view)) return view
      }
    }
    return within(found(), `a view that is ${wanted}`)
  }

  /** Looks at something else. */
  async looks (at: Partial<Look>): Promise<View> {
    const wanted = { ...look, ...at }
    await this.client.publish(CHANNEL, wanted)
    return await this.sees(({ look }) => JSON.stringify(look) === JSON.stringify(wanted))
  }
}

t.test('who may see it', async t => {
  const gateway = await watched(t)
  const { realtime } = gateway.app
  const [ada, eve] = [await enter(gateway, 'ada'), await enter(gateway, 'eve')]
  t.match(await eve.subscribe(CHANNEL), { successful: false, error: /^403:/ })
  t.match(await eve.publish(CHANNEL, { end: 1 }), { successful: false, error: /^404:/ }, 'nobody ends a session who may not look')
  t.match(await ada.subscribe(CHANNEL), { successful: true })
  t.equal(realtime.sessions.size, 2)

  t.strictSame(realtime.services.names, [], 'it is no service of the application')
  t.notOk(realtime.services.delete('monitor'))
  t.throws(() => realtime.services.set('monitor', { port: 1 }), { code: 'FST_BAYEUX_OPTIONS', message: /services\.monitor: The gateway keeps this name/ })
  t.match(await realtime.services.check('monitor'), { ok: false })
  t.strictSame(Object.keys({ ...realtime.metrics().services, ...realtime.health().services }), [], 'nor does it count as one')
  const reply = await realtime.inject().handshake()
  t.notOk('ext' in reply, 'nobody is told of it')

  const refused = await startGateway(t, { monitor: { authorize: () => true }, policy: { canSubscribe: () => false } })
  t.match(await (await enter(refused, 'ada')).subscribe(CHANNEL), { error: /^403:/ }, 'the policy is asked as for every service')
  const without = await startGateway(t)
  t.match(await (await enter(without, 'ada')).subscribe(CHANNEL), { error: /^404:/ }, 'without the option there is none')
})

t.test('sessions, channels, services and rates', async t => {
  const service = await startTcpService(t, socket => socket.write('one\ntwo\n'))
  const gateway = await watched(t, {
    services: { feed: { port: service.port, domain: '127.0.0.1', framing: 'lines' }, away: { port: await freePort(), domain: '127.0.0.1' } },
    authenticate: () => ({ name: 'bob', token: 'Secret-token' }),
    timeout: 60_000
  })
  const { app, wsUrl, url } = gateway
  const socket = await SocketClient.connect(t, wsUrl)
  for (const subscription of ['/chat/*', '/news', '/service/feed', '/service/away']) await socket.ask({ channel: '/meta/subscribe', clientId: socket.clientId, subscription })
  const poller = await new PollClient(url).start()
  await poller.ask({ channel: '/meta/subscribe', subscription: '/chat/*' })
  app.realtime.publish('/chat/red', 'x'.repeat(500))
  const numberOf = (clientId: string) => app.realtime.sessions.get(clientId)?.number as number
  const [one, two] = [numberOf(socket.clientId), numberOf(poller.clientId)]
  await new PollClient(url).handshake()

  const eye = await Eye.open(gateway)
  const you = numberOf(eye.client.clientId)
  const first = await eye.next()
  t.match(first, {
    you,
    at: Number,
    look,
    figures: null,
    state: 'open',
    counts: { subscriptions: 3, links: 2, heldConnects: 0, refused: { 403: 1 } },
    sessions: { total: 4, transports: { websocket: 1, 'long-polling': 1, inject: 1, none: 1 }, found: 4, page: 0, pages: 1 },
    channels: { total: 2, found: 2, rows: [{ channel: '/chat/*', receivers: 2, published: 0 }, { channel: '/news', receivers: 1 }] },
    services: { total: 2, rows: [{ name: 'feed', state: 'up', open: 1, in: null, out: null }, { name: 'away', state: 'down', open: 0, errors: 1, dropped: 0, lastError: { error: '403:/service/away:Connection refused' } }] }
  })
  t.match(first.sessions.rows, [
    { number: you, transport: 'inject', address: '127.0.0.1', age: Number, subscriptions: 1, services: 1, waiting: 0 },
    { transport: null },
    { number: two, transport: 'long-polling', subscriptions: 1, services: 0, waiting: /^5\d\d$/ },
    { number: one, transport: 'websocket', subscriptions: 3, services: 1 }
  ])
  t.equal(first.sessions.waiting, first.sessions.rows[2]?.waiting)

  const stop = setInterval(() => app.realtime.publish('/chat/red', 1), 10)
  t.teardown(() => clearInterval(stop))
  const busy = await eye.sees(({ channels }) => channels.rows[0]?.channel === '/chat/red')
  t.match(busy, { figures: { pid: process.pid, cpu: Number, rss: Number, rates: { published: Number } }, channels: { total: 3, rows: [{ channel: '/chat/red', receivers: 2, published: Number }] } })
  t.ok(Number(busy.figures?.rates.published) > 0 && Number(busy.channels.rows[0]?.published) > 0)
  await socket.ask({ channel: '/service/feed', clientId: socket.clientId, data: 'three' })
  t.match(await eye.sees(({ services }) => Number(services.rows[0]?.out) > 0), { services: { rows: [{ name: 'feed', in: 0 }, { name: 'away', in: 0, out: 0 }] } })
  t.strictSame(Object.keys(busy.figures ?? {}).filter(name => ['gateway', 'health'].includes(name)), [], 'nothing twice')

  const said = JSON.stringify(busy)
  for (const secret of ['Secret-token', 'bob', ...app.realtime.sessions.keys(), ...[...app.realtime.sessions.values()].map(({ caller }) => caller.cookie)]) t.notOk(said.includes(secret))
})

t.test('looking for some', async t => {
  const gateway = await watched(t)
  const { app } = gateway
  const clients = await Promise.all(Array.from({ length: 60 }, async (_each, index) => {
    const client = app.realtime.inject({ address: `10.0.0.${index}` })
    await client.handshake()
    await client.subscribe(index % 2 === 0 ? '/even' : '/odd')
    return client
  }))
  const numbers = clients.map(({ clientId }) => app.realtime.sessions.get(clientId)?.number as number)
  const [oldest, newest] = [Math.min(...numbers), Math.max(...numbers)]
  const eye = await Eye.open(gateway)
  const shown = ({ sessions }: View) => sessions.rows.map(({ number }) => number)

  t.equal(shown(await eye.looks({ order: 'oldest' }))[0], oldest)
  t.match(shown(await eye.looks({ order: 'newest' })).slice(0, 2), [newest + 1, newest])
  const last = await eye.looks({ order: 'oldest', page: 2 })
  t.match(last.sessions, { total: 61, found: 61, page: 2, pages: 3 })
  t.strictSame(shown(last).length, 11)
  t.match((await eye.looks({ page: 39 })).sessions, { page: 2, pages: 3 }, 'beyond the last page is the last page')
  const seen = new Set<number>()
  for (const page of [0, 1, 2]) for (const number of shown(await eye.looks({ page }))) seen.add(number)
  t.equal(seen.size, 61, 'every session is on one page')

  t.strictSame(shown(await eye.looks({ find: '10.0.0.59' })).length, 1)
  t.equal((await eye.looks({ find: ` ${newest} ` })).sessions.found, 1, 'by its number, which is no part of another')
  t.equal((await eye.looks({ find: 'inject' })).sessions.found, 61)
  t.equal((await eye.looks({ find: '/odd' })).sessions.found, 30)
  t.match((await eye.looks({ find: 'nobody' })).sessions, { total: 61, found: 0, page: 0, pages: 1, rows: [] })
  t.match((await eye.looks({ channels: 'ev' })).channels, { total: 2, found: 1, rows: [{ channel: '/even', receivers: 30 }] })

  const slow = await new PollClient(gateway.url).start()
  await slow.ask({ channel: '/meta/subscribe', subscription: '/n' })
  app.realtime.publish('/n', 'x'.repeat(100))
  t.equal(shown(await eye.looks({ order: 'waiting' }))[0], app.realtime.sessions.get(slow.clientId)?.number)
})

t.test('ending a session, by its number', async t => {
  const gateway = await watched(t)
  const { app } = gateway
  const socket = await SocketClient.connect(t, gateway.wsUrl)
  const number = app.realtime.sessions.get(socket.clientId)?.number as number
  const eye = await Eye.open(gateway)
  t.match(await eye.client.publish(CHANNEL, { end: number + 1000 }), { successful: true }, 'one that is gone already')
  t.match(await eye.client.publish(CHANNEL, { end: number }), { successful: true })
  t.match(await socket.next('/meta/connect'), { successful: false, error: `403:${socket.clientId}:Ended from the monitor page`, advice: { reconnect: 'none' } })
  t.equal((await socket.waitClosed()).code, 1000)
  t.equal((await eye.sees(({ sessions }) => sessions.total === 1)).sessions.rows.length, 1)
})

t.test('what it is asked is checked', async t => {
  const gateway = await watched(t)
  const eye = await Eye.open(gateway)
  for (const data of [null, 'all', {}, { end: 0 }, { end: '1' }, { end: 1, x: 1 }, { ...look, page: -1 }, { ...look, page: 40 }, { ...look, order: 'x' }, { ...look, find: 'x'.repeat(256) }, { ...look, more: 1 }, { find: 'x' }]) {
    t.match(await eye.client.publish(CHANNEL, data), { successful: false, error: /^422:/ }, JSON.stringify(data)?.slice(0, 60))
  }
})

t.test('many sessions and channels: figures of all, and few of them', async t => {
  const MANY = 5000
  const gateway = await watched(t)
  const { app } = gateway
  const address = (index: number) => `10.${index >> 12}.${(index >> 6) & 63}.${index & 63}`
  for (let index = 0; index < MANY; index++) {
    const client = app.realtime.inject({ address: address(index) })
    await client.handshake()
    await client.subscribe(`/room/${index}`)
  }
  const eye = await Eye.open(gateway)
  const noise = setInterval(() => {
    for (let index = 0; index < 1500; index++) app.realtime.publish(`/elsewhere/${index}`, 1)
  }, 10)
  t.teardown(() => clearInterval(noise))
  const view = await eye.sees(({ channels }) => channels.total > MANY)
  clearInterval(noise)
  t.match(view.sessions, { total: MANY + 1, found: MANY + 1, pages: Math.ceil((MANY + 1) / 25) })
  t.equal(view.sessions.rows.length, 25)
  t.equal(view.channels.rows.length, 25)
  t.equal(view.channels.total, MANY + 1000, 'no more than a thousand channels are counted')
  t.ok(JSON.stringify(view).length < 10_000)
  t.match((await eye.looks({ find: address(4321) })).sessions, { found: 1, rows: [{ address: address(4321) }] })
  t.match((await eye.looks({ channels: '/room/4321' })).channels, { found: 1, rows: [{ channel: '/room/4321', receivers: 1 }] })
})

t.test('it costs nothing while nobody looks, and the first looks together', async t => {
  const gateway = await watched(t)
  const { realtime } = gateway.app
  const seen: string[] = []
  for (const name of ['on', 'off'] as const) {
    const real: (...parameters: any[]) => Realtime = realtime[name]
    realtime[name] = (...parameters: any[]) => {
      seen.push(name)
      return real.apply(realtime, parameters)
    }
  }
  const [one, two] = [await Eye.open(gateway), await Eye.open(gateway)]
  await one.sees(({ figures }) => figures !== null)
  t.match(await two.sees(({ figures }) => figures !== null), { sessions: { total: 2 } })
  t.strictSame(seen, ['on'])
  await one.client.disconnect()
  await two.sees(({ sessions }) => sessions.total === 1)
  t.strictSame(seen, ['on'])
  two.client.close()
  await two.client.disconnect().catch(() => {})
  for (const session of realtime.sessions.values()) session.disconnect()
  await until(() => seen.length === 2)
  t.strictSame(seen, ['on', 'off'])
  const again = await Eye.open(gateway)
  t.ok(await again.sees(({ figures }) => figures !== null))
})
