/** Calls of the client, and its answers, in Node over both transports. */
import { Type } from '@sinclair/typebox'
import t, { type Test } from 'tap'
import { RealtimeError, RpcError, type TransportName } from '../../lib/client/index.js'
import { defineCall, type RealtimeOptions } from '../../lib/index.js'
import { startGateway, type Gateway } from '../harness/gateway.js'
import { inState, makeClient, transports } from '../harness/realtime-client.js'
import { until, within } from '../harness/until.js'

const calls: RealtimeOptions['calls'] = {
  add: defineCall({ params: Type.Object({ a: Type.Number(), b: Type.Number() }), result: Type.Number(), handler: ({ a, b }) => a + b }),
  echo: { handler: params => params },
  never: { handler: () => new Promise(() => {}) },
  late: { timeout: 20, handler: () => new Promise(() => {}) },
  refuses: { handler: () => { throw Object.assign(new Error('Not you'), { statusCode: 409 }) } },
  fails: { handler: () => { throw new Error('a detail') } }
}

const sessionOf = ({ app }: Pick<Gateway, 'app'>) => [...app.realtime.sessions.values()][0] as NonNullable<ReturnType<typeof app.realtime.sessions.get>>

for (const transport of transports) {
  t.test(`over ${transport}`, async t => {
    t.test('calls and their errors', t => callsTheGateway(t, transport))
    t.test('deadline, signal and close', t => givesUp(t, transport))
    t.test('answers', t => answersTheGateway(t, transport))
    t.test('the connection is lost, the session is not', t => survivesLoss(t, transport))
    t.test('the gateway is restarted', t => survivesRestart(t, transport))
  })
}

async function callsTheGateway (t: Test, transport: TransportName): Promise<void> {
  const { url, app } = await startGateway(t, { calls, policy: { canPublish: (_session, channel) => channel !== '/service/rpc/secret' } })
  app.realtime.handle('secret', { handler: () => 'never' })
  const client = makeClient(t, url, { transport })
  t.equal(await within(client.call('add', { a: 1, b: 2 }), 'an answer'), 3)
  t.same(await within(Promise.all([1, 'ö', null, [{}]].map(params => client.call('echo', params))), 'answers'), [1, 'ö', null, [{}]])
  t.equal(await within(client.call('echo'), 'an answer'), null)
  const refused: [name: string, params: unknown, code: unknown, text: string][] = [
    ['add', { a: 1 }, 422, '422:/service/rpc/add:Parameters do not fit: /b Expected required property'],
    ['subtract', 1, 404, '404:/service/rpc/subtract:Unknown call'],
    ['secret', 1, 403, '403:/service/rpc/secret:Publishing denied'],
    ['refuses', 1, 409, '409:/service/rpc/refuses:Not you'],
    ['late', 1, 504, '504:/service/rpc/late:No answer in time'],
    ['fails', 1, 500, '500:/service/rpc/fails:Internal error'],
    ['bad"name', 1, 'malformed', 'No channel to publish to: /service/rpc/bad"name'],
    ['echo', 1n, 'malformed', 'TypeError: Do not know how to serialize a BigInt']
  ]
  for (const [name, params, code, message] of refused) {
    const error = await within(client.call(name, params), 'an answer').catch(error => error)
    t.ok(error instanceof RealtimeError)
    t.match(error, { code, message }, name)
  }
  t.equal(app.realtime.sessions.size, 1)
}

async function givesUp (t: Test, transport: TransportName): Promise<void> {
  const { url, app } = await startGateway(t, { calls })
  const client = makeClient(t, url, { transport })
  await within(client.connect(), 'connected')
  await t.rejects(within(client.call('never', 1, { timeout: 50 }), 'an end'), { code: 'timeout', message: 'No answer to never within 50 ms' })
  const aborter = new AbortController()
  const aborted = client.call('never', 1, { signal: aborter.signal })
  await until(() => app.realtime.metrics().callsMade === 2)
  aborter.abort(new Error('never mind'))
  await t.rejects(within(aborted, 'an end'), { message: 'never mind' })
  await t.rejects(within(client.call('never', 1, { signal: aborter.signal }), 'an end'), { message: 'never mind' })
  const endless = client.call('never', 1, { timeout: Infinity })
  await until(() => app.realtime.metrics().callsMade === 3)
  await Promise.all([t.rejects(within(endless, 'an end'), { code: 'closed' }), client.close()])
  t.throws(() => client.call('echo'), { code: 'closed' })
}

async function answersTheGateway (t: Test, transport: TransportName): Promise<void> {
  const gateway = await startGateway(t)
  const client = makeClient(t, gateway.url, { transport })
  const stop = client.handle('double', number => number * 2)
  client.handle('slowly', async text => {
    await until(() => gateway.app.realtime.metrics().clientCallsMade === 3)
    return `${text}!`
  })
  client.handle('nothing', () => {})
  client.handle('refuses', () => { throw new RpcError(7, 'Not now', { until: 'noon' }) })
  client.handle('fails', async () => { throw new TypeError('A mistake') })
  client.handle('throws', () => { throw 'a text' }) // eslint-disable-line no-throw-literal
  client.handle('unspeakable', () => 1n)
  await within(client.connect(), 'connected')
  const session = sessionOf(gateway)
  const call = (method: string, params?: unknown) => within(session.call(method, params), `an answer to ${method}`)
  t.same(await Promise.all([call('slowly', 'ö'), call('double', 2), call('nothing')]), ['ö!', 4, null])
  await t.rejects(call('refuses'), { code: 'FST_BAYEUX_CALL_REFUSED', message: 'The client refused refuses: Not now', cause: { code: 7, data: { until: 'noon' } } })
  await t.rejects(call('fails'), { code: 'FST_BAYEUX_CALL_REFUSED', message: /A mistake/, cause: { code: -32603 } })
  await t.rejects(call('throws'), { code: 'FST_BAYEUX_CALL_REFUSED', message: /a text/ })
  await t.rejects(call('unspeakable'), { code: 'FST_BAYEUX_CALL_REFUSED', message: /BigInt/ })
  await t.rejects(call('unheard'), { code: 'FST_BAYEUX_CALL_UNKNOWN' })
  stop()
  await t.rejects(call('double', 2), { code: 'FST_BAYEUX_CALL_UNKNOWN' })
  client.handle('double', number => number + number)
  stop()
  t.equal(await call('double', 3), 6, 'stopping twice takes nothing else away')
}

async function survivesLoss (t: Test, transport: TransportName): Promise<void> {
  let finish: (value: string) => void = () => {}
  const gateway = await startGateway(t, { calls: { slow: { handler: () => new Promise(resolve => { finish = resolve }) } } })
  const { app, url } = gateway
  const client = makeClient(t, url, { transport, ack: true })
  const answered = client.call('slow')
  await until(() => app.realtime.metrics().callsRunning === 1)
  const { clientId } = client
  const cut = () => {
    for (const socket of app.websocketServer.clients) socket.terminate()
    app.server.closeAllConnections()
  }
  cut()
  finish('after all')
  t.equal(await within(answered, 'an answer'), 'after all', 'what was lost with the connection comes again')

  await within(client.connect(), 'connected')
  client.handle('slowly', async () => {
    cut()
    return 'here'
  })
  t.equal(await within(sessionOf(gateway).call('slowly'), 'an answer'), 'here')
  t.equal(client.clientId, clientId)
}

async function survivesRestart (t: Test, transport: TransportName): Promise<void> {
  const first = await startGateway(t, { calls })
  const client = makeClient(t, first.url, { transport, queue: 2 })
  client.handle('double', number => number * 2)
  const lost = client.call('never', 1, { timeout: Infinity })
  await until(() => first.app.realtime.metrics().callsRunning === 1)
  await first.app.close()
  await inState(client, 'waiting')
  const waits = client.call('echo', 'waited', { timeout: Infinity })
  await t.rejects(client.call('echo', 'in vain', { timeout: 20 }), { code: 'timeout' })
  await until(() => client.queued === 1, 'who gave up waits no more')
  const second = await startGateway(t, { calls }, { port: Number(new URL(first.url).port) })
  await Promise.all([
    t.rejects(within(lost, 'an end'), { code: 'lost', message: 'The session is gone, and with it the answer' }),
    within(waits, 'an answer').then(answer => t.equal(answer, 'waited'))
  ])
  t.equal(await within(sessionOf(second).call('double', 4), 'an answer'), 8, 'and it answers the new one')
}
