/** The client in Node over both transports: subscriptions, publishing, and being connected. */
import t, { type Test } from 'tap'
import { RealtimeClient, RealtimeError, type ChannelEvent, type TransportName } from '../../lib/client/index.js'
import { startGateway } from '../harness/gateway.js'
import { inState, makeClient, statesOf, transports } from '../harness/realtime-client.js'
import { until, within } from '../harness/until.js'

const dataOf = ({ data }: ChannelEvent<any>) => data

/** Reads so many events, and leaves the loop. */
async function read (events: AsyncIterable<ChannelEvent<any>>, count: number): Promise<any[]> {
  const heard: any[] = []
  const reading = (async () => {
    for await (const event of events) if (heard.push(event.data) === count) break
  })()
  await within(reading, `${count} events`)
  return heard
}

for (const transport of transports) {
  t.test(`over ${transport}`, async t => {
    t.test('publish and subscribe', t => publishesAndSubscribes(t, transport))
    t.test('subscriptions are counted', t => countsReferences(t, transport))
    t.test('what is refused', t => isRefused(t, transport))
    t.test('the ways a subscription ends', t => ends(t, transport))
    t.test('connection states', t => tellsStates(t, transport))
    t.test('the gateway is restarted', t => survivesRestart(t, transport))
    t.test('the gateway ends the session', t => isKicked(t, transport))
  })
}

async function publishesAndSubscribes (t: Test, transport: TransportName): Promise<void> {
  const { app, url } = await startGateway(t)
  const client = makeClient(t, url, { transport })
  const patterns = client.subscribe('/chat/*')
  const heard: unknown[] = []
  const listening = client.subscribe('/chat/red', event => heard.push(event))
  await within(Promise.all([patterns.ready, listening.ready]), 'granted')
  await client.publish('/chat/red', { text: 'hello' })
  await client.publish('/chat/blue', 'ö'.repeat(1000))
  app.realtime.publish('/chat/red', null, { id: 'x', ext: { from: 'the application' } })
  t.same(await read(patterns, 3), [{ text: 'hello' }, 'ö'.repeat(1000), null], 'in order, bytes and all')
  await until(() => heard.length === 2)
  t.match(heard[1], { channel: '/chat/red', data: null, id: 'x', ext: { from: 'the application' } })
  t.throws(() => listening[Symbol.asyncIterator](), TypeError, 'its events go to the listener')
}

async function countsReferences (t: Test, transport: TransportName): Promise<void> {
  const { app, url } = await startGateway(t)
  const client = makeClient(t, url, { transport })
  const [one, two] = [client.subscribe('/news'), client.subscribe('/news')]
  await within(Promise.all([one.ready, two.ready]), 'granted')
  const session = [...app.realtime.sessions.values()][0]
  const asked = app.realtime.metrics().messagesIn
  const three = client.subscribe('/news')
  await within(three.ready, 'granted at once')
  t.equal(app.realtime.metrics().messagesIn, asked, 'the gateway is asked once')
  three.close()
  one.close()
  await client.publish('/news', 1)
  t.same(await read(two, 1), [1], 'the other one still hears')
  await until(() => session?.subscriptions.size === 0, 'the last one leaves')
  const again = client.subscribe('/news')
  await within(again.ready, 'granted again')
  t.ok(session?.subscriptions.has('/news'))
}

async function isRefused (t: Test, transport: TransportName): Promise<void> {
  const { url } = await startGateway(t, { policy: { canSubscribe: (_session, channel) => channel !== '/secret', canPublish: (_session, channel) => channel === '/news' } })
  const client = makeClient(t, url, { transport })
  const secret = client.subscribe('/secret')
  await t.rejects(within(secret.ready, 'an answer'), { name: 'RealtimeError', code: 403, message: '403:/secret:Subscription denied' })
  await t.rejects(within(read(secret, 1), 'an end'), { code: 403 }, 'a loop ends with the error')
  t.same(await within(read(secret, 1), 'an end'), [], 'once')
  const errors: unknown[] = []
  client.on('error', error => errors.push(error))
  client.subscribe('/secret', () => {})
  await until(() => errors.length === 1, 'a listener has no other way to know')
  t.match(errors, [{ code: 403 }])
  await t.rejects(within(client.subscribe('/bad channel').ready, 'an answer'), { code: 400 })
  await t.rejects(within(client.subscribe('bad').ready, 'an answer'), { code: 'malformed' })
  await t.rejects(within(client.publish('/secret', 1), 'an answer'), { code: 403 })
  await t.rejects(within(client.publish('bad', 1), 'an answer'), { code: 'malformed' })
  await t.rejects(within(client.publish('/news', 1n), 'an answer'), { code: 'malformed', message: /BigInt/ })
  await t.rejects(within(client.publish('/news', 'x'.repeat(300_000)), 'an answer'), { code: 'malformed' })
  await within(client.publish('/news', 'x'.repeat(100_000)), 'much is not too much')
}

async function ends (t: Test, transport: TransportName): Promise<void> {
  const { app, url } = await startGateway(t)
  const client = makeClient(t, url, { transport })
  const unsubscribed = () => until(() => [...app.realtime.sessions.values()][0]?.subscriptions.size === 0, 'unsubscribed')
  const aborter = new AbortController()

  const aborted = client.subscribe('/a', { signal: aborter.signal })
  await within(aborted.ready, 'granted')
  const reading = read(aborted, 1)
  aborter.abort()
  t.same(await within(reading, 'the loop ends'), [], 'by its signal')
  await unsubscribed()
  t.same(await within(read(client.subscribe('/a', { signal: aborter.signal }), 1), 'the loop ends'), [], 'by a signal that was there before')

  {
    using used = client.subscribe('/b')
    await within(used.ready, 'granted')
  }
  await unsubscribed()

  const slow = client.subscribe('/c', { bound: 2 })
  const loses = client.subscribe('/c', { bound: 2, overflow: 'drop-oldest' })
  await within(slow.ready, 'granted')
  for (const number of [1, 2, 3, 4]) await client.publish('/c', number)
  await until(() => loses.dropped === 2, 'two are dropped')
  t.same(await read(loses, 2), [3, 4])
  const [first, second, third] = [await slow[Symbol.asyncIterator]().next(), await slow[Symbol.asyncIterator]().next(), await slow[Symbol.asyncIterator]().next()]
  t.same([first, second, third].map(({ value }) => dataOf(value as ChannelEvent)), [1, 2, 3])
  await t.rejects(slow[Symbol.asyncIterator]().next(), { code: 'overflow' })
  await unsubscribed()

  const open = client.subscribe('/d')
  await within(open.ready, 'granted')
  const last = read(open, 1)
  await within(client.close(), 'closed')
  t.same(await within(last, 'the loop ends'), [], 'by the end of the client')
  t.equal(app.realtime.sessions.size, 0, 'and the gateway knows')
  t.throws(() => client.subscribe('/e'), { code: 'closed' })
  t.throws(() => client.publish('/e', 1), { code: 'closed' })
  await within(client.connect(), 'connected again')
  await within(client.subscribe('/e').ready, 'granted')
}

async function tellsStates (t: Test, transport: TransportName): Promise<void> {
  const { url, app } = await startGateway(t, { services: { clock: { port: 1 } } })
  const client = makeClient(t, url, { transport })
  t.same(client.connection, { state: 'idle' })
  t.equal(client.clientId, null)
  t.equal(client.roundTrip, null)
  const states = statesOf(client)
  const sessions: unknown[] = []
  client.on('session', (...details) => sessions.push(details))
  client.on('connection', () => { if (states.length === 1) throw new Error('the mistake of a listener') })
  const mistake = new Promise(resolve => process.once('uncaughtException', resolve))
  await within(client.connect(), 'connected')
  t.match(await within(mistake, 'it is told'), { message: 'the mistake of a listener' })
  t.same(client.connection, { state: 'connected', transport })
  t.same(states, ['connecting', 'connected'])
  t.same(sessions, [[[...app.realtime.sessions.keys()][0], true]])
  t.same(client.services, { clock: { type: 'tcp' } })
  t.type(client.roundTrip, 'number')
  t.ok(await within(client.ping(), 'a sign of life') > 0)
  await within(client.close(), 'closed')
  t.match(client.connection, { state: 'closed', reason: { code: 'closed' } })
  await t.rejects(client.ping(), { code: 'lost' })
  await within(client.close(), 'closed twice')
}

async function survivesRestart (t: Test, transport: TransportName): Promise<void> {
  const first = await startGateway(t)
  const client = makeClient(t, first.url, { transport, queue: 2 })
  const states = statesOf(client)
  const sessions: boolean[] = []
  client.on('session', (_clientId, first) => sessions.push(first))
  const news = client.subscribe('/news')
  await within(Promise.all([client.connect(), news.ready]), 'connected')
  await first.app.close()
  const waiting = await inState(client, 'waiting')
  t.type(waiting.until, 'number')
  t.ok(waiting.reason instanceof RealtimeError)

  const queued = [client.publish('/news', 1), client.publish('/news', 2)]
  await until(() => client.queued === 2, 'they wait')
  await t.rejects(client.publish('/news', 3), { code: 'full' })
  const aborter = new AbortController()
  aborter.abort(new Error('never mind'))
  await t.rejects(client.publish('/news', 4, { signal: aborter.signal }), /never mind/)

  const connected = client.connect()
  await startGateway(t, {}, { port: Number(new URL(first.url).port) })
  await within(connected, 'connected again')
  await within(Promise.all(queued), 'what waited is sent')
  t.same(await read(news, 2), [1, 2], 'and the subscription is there again')
  t.same(sessions, [true, false])
  t.same(states.slice(0, 3), ['connecting', 'connected', 'waiting'])
  t.equal(states.at(-1), 'connected')
}

async function isKicked (t: Test, transport: TransportName): Promise<void> {
  const { app, url } = await startGateway(t)
  const client = makeClient(t, url, { transport })
  const news = client.subscribe('/news')
  await within(news.ready, 'granted')
  const reading = read(news, 1)
  // On a WebSocket it is told at any time, else by the poll that is held.
  if (transport === 'long-polling') await until(() => app.realtime.metrics().heldConnects === 1)
  app.realtime.disconnect(() => true, 'Out')
  await t.rejects(within(reading, 'the loop ends'), { code: 403, message: /Out/ })
  t.match(await inState(client, 'closed'), { reason: { code: 403 } })
}

t.test('nothing is there to connect to', async t => {
  const { app, url } = await startGateway(t)
  await app.close()
  const client: RealtimeClient = makeClient(t, url)
  const connecting = client.connect()
  const waiting = client.publish('/news', 1)
  t.match(await inState(client, 'waiting'), { reason: { code: 'lost' } })
  await within(client.close(), 'closed')
  await t.rejects(connecting, { code: 'closed' })
  await t.rejects(waiting, { code: 'closed' })
})

t.test('a gateway that advises to stop', async t => {
  const { url } = await startGateway(t, { system: { reconnect: { connect: false } } })
  const client = makeClient(t, url)
  await t.rejects(within(client.connect(), 'closed'), { code: 'closed', message: /advises/ })
})

t.test('without a class of WebSockets', async t => {
  const { url } = await startGateway(t)
  const client = new RealtimeClient(url)
  t.after(() => client.close())
  await within(client.connect(), 'connected')
  t.match(client.connection, { transport: 'WebSocket' in globalThis ? 'websocket' : 'long-polling' }, 'the global one, where there is one')
  await within(client.publish('/news', 'schön'), 'published')
  t.throws(() => new RealtimeClient('/relative'), TypeError)
})
