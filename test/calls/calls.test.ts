/** Calls of clients (docs/protocol.md, section 10): what is answered, what is refused, and what is bounded. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Type } from '@sinclair/typebox'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { defineCall, type InjectedClient, type RealtimeOptions, type Session } from '../../lib/index.js'
import { handshake, handshaken, makeCometd, publish, type CometD, type Message, type TransportName } from '../harness/cometd-client.js'
import { startGateway } from '../harness/gateway.js'
import { startKillableGateway } from '../harness/killable-gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { until, within } from '../harness/until.js'

/** An error as `http-errors` and Fastify's own make them. */
const failure = (statusCode: unknown, text: string) => Object.assign(new Error(text), { statusCode })

function gate<T = void> () {
  let open: (value: T) => void = () => {}
  const opened = new Promise<T>(resolve => { open = resolve })
  return { open, opened }
}

const calls: NonNullable<RealtimeOptions['calls']> = {
  add: defineCall({
    params: Type.Object({ a: Type.Number(), b: Type.Number() }),
    result: Type.Number(),
    handler: async ({ a, b }) => a + b
  }),
  'users/get': { handler: (id: string, { session }) => ({ id, asked: session.number > 0 }) },
  nothing: { handler: () => {} },
  secret: { authorize: () => false, handler: () => 'never' },
  busy: { authorize: () => '429:/service/rpc/busy:Not now', handler: () => 'never' },
  forgetful: { authorize: () => undefined as never, handler: () => 'never' },
  asks: { authorize: async session => session.transport !== null, handler: () => 'allowed' },
  broken: { authorize: () => { throw new Error('a detail') }, handler: () => 'never' },
  late: { timeout: 30, handler: () => new Promise(() => {}) },
  missing: { handler: async id => { throw failure(404, `No such user: ${id}`) } },
  unpaid: { handler: () => { throw failure(402, 'Pay first') } },
  fails: { handler: async () => { throw failure(503, 'a detail') } },
  throws: { handler: () => { throw new TypeError('a detail') } },
  'throws-nothing': { handler: () => { throw null } }, // eslint-disable-line no-throw-literal
  lies: { result: Type.Object({ a: Type.Number() }), handler: () => ({ a: 'a detail' }) },
  big: { handler: () => 1n },
  symbolic: { handler: () => Symbol('a detail') }
}

/** What a call is answered: its data, or its error. */
const answers: [name: string, params: unknown, expected: unknown][] = [
  ['add', { a: 1, b: 2 }, 3],
  ['users/get', 'ö', { id: 'ö', asked: true }],
  ['nothing', null, null],
  ['asks', null, 'allowed'],
  ['add', { a: 1, b: '2' }, '422:/service/rpc/add:Parameters do not fit: /b Expected number'],
  ['add', null, '422:/service/rpc/add:Parameters do not fit: / Expected object'],
  ['subtract', { a: 1, b: 2 }, '404:/service/rpc/subtract:Unknown call'],
  ['add/x', { a: 1, b: 2 }, '404:/service/rpc/add/x:Unknown call'],
  ['constructor', null, '404:/service/rpc/constructor:Unknown call'],
  ['secret', null, '403:/service/rpc/secret:Publishing denied'],
  ['busy', null, '429:/service/rpc/busy:Not now'],
  ['forgetful', null, '403:/service/rpc/forgetful:Publishing denied'],
  ['broken', null, '500::Internal error'],
  ['late', null, '504:/service/rpc/late:No answer in time'],
  ['missing', 7, '404:/service/rpc/missing:No such user: 7'],
  ['unpaid', null, '403:/service/rpc/unpaid:Pay first'],
  ['fails', null, '500:/service/rpc/fails:Internal error'],
  ['throws', null, '500:/service/rpc/throws:Internal error'],
  ['throws-nothing', null, '500:/service/rpc/throws-nothing:Internal error'],
  ['lies', null, '500:/service/rpc/lies:Internal error'],
  ['big', null, '500:/service/rpc/big:Internal error'],
  ['symbolic', null, '500:/service/rpc/symbolic:Internal error']
]

/** CometD's remoteCall, as a promise of its answer. */
const remoteCall = (client: CometD, name: string, params: unknown, timeout: number = 0): Promise<Message> =>
  within(new Promise<Message>(resolve => client.remoteCall(`rpc/${name}`, params as object, timeout, {}, resolve)), `an answer to ${name}`)

for (const transport of ['websocket', 'long-polling'] as const) {
  t.test(`remoteCall of cometd 9 over ${transport}`, async t => {
    t.test('every answer', t => answersCometd(t, transport))
    t.test('an answer takes longer than the client waits for a reply, and nothing waits for it', t => answersSlowly(t, transport))
    t.test('the session goes on over a new connection, and the answer comes', t => answersAfterReconnect(t, transport))
    t.test('a new session after the gateway was killed', t => answersAfterRestart(t, transport))
  })
}

async function answersCometd (t: Test, transport: TransportName): Promise<void> {
  const { url, app } = await startGateway(t, { calls })
  const client = makeCometd(t, url, { transport })
  await handshake(client)
  for (const [name, params, expected] of answers) {
    const answer = await remoteCall(client, name, params)
    const failed = typeof expected === 'string' && /^\d{3}:/.test(expected)
    t.equal(answer.successful, !failed, name)
    t.strictSame(failed ? answer.error : answer.data, expected, name)
    t.equal(answer.channel, `/service/rpc/${name}`)
  }
  t.equal(app.realtime.sessions.size, 1, 'in one session')
}

async function answersSlowly (t: Test, transport: TransportName): Promise<void> {
  const { open, opened } = gate<string>()
  const { url } = await startGateway(t, { calls: { slow: { handler: () => opened } } })
  const client = makeCometd(t, url, { transport, maxNetworkDelay: 200 })
  const failures: unknown[] = []
  await handshake(client)
  client.addListener('/meta/unsuccessful', failure => failures.push(failure))
  const answered = remoteCall(client, 'slow', null)
  for (let count = 0; count < 5; count++) {
    await sleep(100)
    t.match(await publish(client, '/news', count), { successful: true })
  }
  open('at last')
  t.match(await answered, { successful: true, data: 'at last' })
  t.same(failures, [])
}

async function answersAfterReconnect (t: Test, transport: TransportName): Promise<void> {
  const { open, opened } = gate<string>()
  const { url, app } = await startGateway(t, { calls: { slow: { handler: () => opened } } })
  const client = makeCometd(t, url, { transport, cookies: 'none' })
  await handshake(client)
  const clientId = client.getClientId()
  const answered = remoteCall(client, 'slow', null)
  await until(() => app.realtime.metrics().callsRunning === 1)
  const before = app.realtime.metrics().messagesIn
  if (transport === 'websocket') for (const socket of app.websocketServer.clients) socket.terminate()
  else app.server.closeAllConnections()
  // What is written into a connection that is cut is lost.
  await until(() => app.realtime.metrics().messagesIn > before, 'the client is back')
  open('after all')
  t.match(await answered, { successful: true, data: 'after all' })
  t.equal(client.getClientId(), clientId)
}

async function answersAfterRestart (t: Test, transport: TransportName): Promise<void> {
  const gateway = await startKillableGateway(t, {}, true)
  const client = makeCometd(t, gateway.url, { transport })
  await handshaken(client)
  await gateway.kill()
  const lost = await remoteCall(client, 'add', {})
  t.match(lost, { successful: false }, 'nobody is there')
  const again = new Promise(resolve => client.addListener('/meta/handshake', ({ successful }) => successful === true && resolve(true)))
  await gateway.restart()
  await within(again, 'a new session')
  t.match(await remoteCall(client, 'add', {}), { successful: false, error: '404:/service/rpc/add:Unknown call' })
}

t.test('what goes over the wire: an acknowledgement, then the answer', async t => {
  const { wsUrl, url } = await startGateway(t, { calls })
  const socket = await SocketClient.connect(t, wsUrl)
  socket.send([{ id: 'x', channel: '/service/rpc/users/get', clientId: socket.clientId, data: 'ada' }])
  t.strictSame(await socket.next('/service/rpc/users/get'), { channel: '/service/rpc/users/get', successful: true, id: 'x' })
  t.strictSame(await socket.next('/service/rpc/users/get'), { channel: '/service/rpc/users/get', id: 'x', successful: true, data: { id: 'ada', asked: true } })
  socket.send([{ channel: '/service/rpc/nothing', clientId: socket.clientId, data: 0 }])
  t.strictSame(await socket.next('/service/rpc/nothing'), { channel: '/service/rpc/nothing', successful: true })
  t.strictSame(await socket.next('/service/rpc/nothing'), { channel: '/service/rpc/nothing', successful: true, data: null }, 'who gives no id gets none')
  t.match(await socket.ask({ channel: '/service/rpc/add', clientId: 'x', data: 0 }), { error: '402:x:Unknown client' })
  t.match(await socket.ask({ channel: '/service/rpc/add', data: 0 }), { error: /^402:/ }, 'nobody calls without a session')

  const poller = await new PollClient(url).start()
  t.strictSame(await poller.ask({ id: 1, channel: '/service/rpc/users/get', data: 'bob' }), { channel: '/service/rpc/users/get', successful: true, id: 1 })
  t.match(await poller.connect({ timeout: 0 }), [{ channel: '/service/rpc/users/get', id: 1, successful: true, data: { id: 'bob' } }, { channel: '/meta/connect' }])
})

t.test('an answer travels with the acknowledgements of the ack extension, and comes again where it was lost', async t => {
  const { url } = await startGateway(t, { calls })
  const poller = new PollClient(url)
  const [{ clientId }] = await poller.send({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'], ext: { ack: true } })
  const connect = (ack: number) => poller.send({ channel: '/meta/connect', clientId, connectionType: 'long-polling', advice: { timeout: 0 }, ext: { ack } })
  await connect(0)
  await poller.send({ id: 1, channel: '/service/rpc/nothing', clientId, data: 0 })
  t.match(await connect(0), [{ id: 1, data: null }, { ext: { ack: 1 } }])
  t.match(await connect(0), [{ id: 1, data: null }, { ext: { ack: 1 } }], 'once more')
  t.equal((await connect(1)).length, 1)
})

t.test('the dialect of Nodefony: an answer is a message of the service, a failure is an unsuccessful reply', async t => {
  const { wsUrl } = await startGateway(t, { calls })
  const socket = await SocketClient.open(t, wsUrl)
  socket.send({ channel: '/meta/connect' })
  const { clientId } = await socket.next('/meta/connect')
  socket.send({ channel: '/meta/subscribe', clientId, subscription: '/service/rpc/users/get' })
  t.match(await socket.next('/meta/subscribe'), { successful: true, subscription: '/service/rpc/users/get', error: '' }, 'it subscribes before it sends')
  socket.send({ id: 1, channel: '/service/rpc/users/get', clientId, data: 'ada' })
  t.strictSame(await socket.next(({ id }) => id === 1), { version: '1.0', successful: true, error: '', id: 1 })
  t.strictSame(await socket.next('/service/rpc/users/get'), { version: '1.0', channel: '/service/rpc/users/get', id: 1, successful: true, data: { id: 'ada', asked: true }, clientId })
  socket.send({ id: 2, channel: '/service/rpc/missing', clientId, data: 7 })
  t.strictSame(await socket.next(({ id }) => id === 2), { version: '1.0', successful: true, error: '', id: 2 })
  t.strictSame(await socket.next(({ id }) => id === 2), { version: '1.0', successful: false, error: '404:/service/rpc/missing:No such user: 7', id: 2 })
  socket.send({ channel: '/meta/subscribe', clientId, subscription: '/service/rpc/subtract' })
  t.match(await socket.next('/meta/subscribe'), { successful: false, error: '404:/service/rpc/subtract:Unknown call', subscription: '/service/rpc/subtract' })
})

t.test('policy first, then authorize; an asynchronous one holds up the lane, the handler does not', async t => {
  const { open, opened } = gate<boolean>()
  const { open: finish, opened: finished } = gate<string>()
  const asked: string[] = []
  const { app } = await startGateway(t, {
    policy: { canPublish: (_session, channel) => { asked.push(channel); return channel !== '/service/rpc/never' } },
    calls: {
      never: { authorize: () => { asked.push('authorize'); return true }, handler: () => 1 },
      first: { authorize: () => opened, handler: () => { asked.push('first'); return finished } },
      second: { handler: () => { asked.push('second') } }
    }
  })
  const client = app.realtime.inject()
  await client.handshake()
  await t.rejects(client.call('never'), { message: '403:/service/rpc/never:Publishing denied' })
  t.strictSame(asked, ['/service/rpc/never'])
  const [first, second] = [client.call('first'), client.call('second')]
  t.notOk(asked.includes('second'))
  open(true)
  t.equal(await within(second, 'the second'), null)
  t.strictSame(asked.slice(1), ['/service/rpc/first', 'first', '/service/rpc/second', 'second'], 'they begin in their order')
  finish('done')
  t.equal(await within(first, 'the first'), 'done')
})

t.test('a session that ends: the signal is aborted, nothing is answered, nothing is left', async t => {
  const signals: AbortSignal[] = []
  const running: Session[] = []
  const { app } = await startGateway(t, {
    calls: {
      waits: {
        handler: (_params, { signal, session }) => new Promise((_resolve, reject) => {
          signals.push(signal)
          running.push(session)
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      },
      leaves: { handler: (_params, { session }) => { session.disconnect('enough') } }
    }
  })
  const client = app.realtime.inject()
  await client.handshake()
  await client.publish('/service/rpc/waits', 1)
  await client.publish('/service/rpc/waits', 2)
  t.equal(app.realtime.metrics().callsRunning, 2)
  await client.disconnect()
  t.match(signals, [{ aborted: true, reason: { name: 'AbortError' } }, { aborted: true }])
  await until(() => app.realtime.metrics().callsRunning === 0)
  t.same(client.received, [])
  t.match(app.realtime.metrics(), { callsMade: 2, callsFailed: 0 })

  const second = app.realtime.inject()
  await second.handshake()
  await second.publish('/service/rpc/leaves', 1)
  t.match(await second.next(), { channel: '/meta/connect', error: /enough/ })
  t.equal(app.realtime.metrics().callsRunning, 0)
})

t.test('the deadline aborts the signal; who goes on all the same still counts', async t => {
  const { open, opened } = gate()
  let late: AbortSignal | undefined
  const { app } = await startGateway(t, {
    limits: { calls: 2, callTimeout: 20 },
    calls: {
      stubborn: { handler: (_params, { signal }) => { late = signal; return opened } },
      quick: { handler: () => 'quick' }
    }
  })
  const client = app.realtime.inject()
  const other = app.realtime.inject()
  await client.handshake()
  await other.handshake()
  for (let count = 0; count < 2; count++) await t.rejects(client.call('stubborn'), { message: '504:/service/rpc/stubborn:No answer in time' })
  t.match(late, { aborted: true, reason: { name: 'TimeoutError' } })
  await t.rejects(client.call('quick'), { message: '429:/service/rpc/quick:More than 2 calls run' })
  t.equal(await other.call('quick'), 'quick', 'another session is not hurt')
  t.equal(app.realtime.metrics().callsRunning, 2)
  open()
  await until(() => app.realtime.metrics().callsRunning === 0)
  t.equal(await client.call('quick'), 'quick')
  t.match(app.realtime.metrics(), { callsMade: 4, callsFailed: 2, refused: { 504: 2, 429: 1 } })
  t.same(client.received, [], 'what came too late is not told')
})

t.test('the log has what clients are not told', async t => {
  const lines: any[] = []
  const { app } = await startGateway(t, { calls }, { fastify: { logger: { level: 'warn', stream: { write: line => { lines.push(JSON.parse(line)) } } } } })
  const client = app.realtime.inject()
  await client.handshake()
  for (const name of ['throws', 'fails', 'lies', 'big', 'missing', 'late']) await client.call(name).catch(() => {})
  t.match(lines, [
    { channel: '/service/rpc/throws', err: { message: 'a detail' }, session: Number },
    { channel: '/service/rpc/fails', err: { message: 'a detail' } },
    { channel: '/service/rpc/lies', wrong: '/a Expected number' },
    { channel: '/service/rpc/big', wrong: 'not JSON' }
  ])
  t.equal(lines.length, 4, 'what is said on purpose is no fault')
})

t.test('answers to a client that does not read are bounded', async t => {
  const { wsUrl, app } = await startGateway(t, { limits: { outboxBytes: 1_000_000 }, calls: { page: { handler: () => 'x'.repeat(100_000) } } })
  const socket = await SocketClient.connect(t, wsUrl)
  socket.ws.pause()
  const { clientId } = socket
  for (let count = 0; count < 100 && app.realtime.sessions.size > 0; count++) {
    socket.send([{ channel: '/service/rpc/page', clientId, data: 0 }])
    await until(() => app.realtime.sessions.size === 0 || app.realtime.metrics().callsMade > count)
  }
  t.equal(app.realtime.metrics().overflowed, 1)
})

t.test('bytes are bytes', async t => {
  const { app } = await startGateway(t, { calls: { length: { handler: (bytes: Buffer) => bytes.length } } })
  const client = app.realtime.inject()
  await client.handshake()
  await client.send({ channel: '/service/rpc/length', data: { data: '009e$}#3x', last: true }, ext: { binary: {} } })
  t.match(await client.next(), { data: 7 })
  t.match(await client.send({ channel: '/service/rpc/length', data: { data: 'no"Z85' }, ext: { binary: {} } }), { error: '422:/service/rpc/length:Data is no Z85' })
})

t.test('calls that come and go, and names that are kept', async t => {
  const { app } = await startGateway(t, { calls: { one: { handler: () => 1 } } })
  const client = app.realtime.inject()
  await client.handshake()
  await t.rejects(client.call('two'), { message: /^404:/ })
  const stop = app.realtime.handle('two', { params: Type.Number(), result: Type.Number(), handler: number => number * 2 })
  t.equal(await client.call('two', 4), 8)
  t.throws(() => app.realtime.handle('two', { handler: () => 2 }), { code: 'FST_BAYEUX_USAGE' })
  t.throws(() => app.realtime.handle('a b', { handler: () => 2 }), { code: 'FST_BAYEUX_OPTIONS', message: /calls\.a b: A name becomes/ })
  t.throws(() => app.realtime.handle('x', {} as never), { code: 'FST_BAYEUX_OPTIONS', message: /calls\.x\.handler: / })
  stop()
  await t.rejects(client.call('two', 4), { message: /^404:/ })
  app.realtime.handle('two', { handler: () => 'another' })
  stop()
  t.equal(await client.call('two', 4), 'another', 'stopping twice takes nothing else away')
  for (const channel of ['/service/rpc', '/service/rpc/one', '/service/presence/x']) t.throws(() => app.realtime.subscribe(channel, () => {}), { code: 'FST_BAYEUX_USAGE' })
})

t.test('an injected call whose session ends meanwhile is over', async t => {
  const { app } = await startGateway(t, { calls: { never: { handler: () => new Promise(() => {}) } } })
  const ends: Record<string, (client: InjectedClient) => unknown> = {
    'the application ends it': ({ clientId }) => app.realtime.sessions.get(clientId)?.disconnect(),
    'the client leaves': client => client.disconnect(),
    'its connection is cut': client => client.close(),
    'the server closes': () => app.close()
  }
  for (const [how, end] of Object.entries(ends)) {
    const client = app.realtime.inject()
    await client.handshake()
    const made = app.realtime.metrics().callsMade
    const called = client.call('never')
    await until(() => app.realtime.metrics().callsMade > made)
    await end(client)
    await t.rejects(within(called, how), { message: 'The injected client is closed' }, how)
  }
})

t.test('whatever is sent, one reply comes, and the gateway lives', async t => {
  const { app } = await startGateway(t, { calls })
  const client = app.realtime.inject()
  await client.handshake()
  await fc.assert(fc.asyncProperty(fc.constantFrom('', '/add', '/missing', '/users/get', '/x'), fc.jsonValue(), async (name, data) => {
    const reply = await within(client.send({ channel: `/service/rpc${name}`, data }), 'a reply')
    t.match(reply, { channel: `/service/rpc${name}`, successful: Boolean })
  }), { numRuns: 200 })
  t.equal(await client.call('add', { a: 2, b: 3 }), 5)
})
