/** Calls of the application to its clients (docs/protocol.md, section 10), answered by hand. */
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import faye from 'faye'
import t, { type Test } from 'tap'
import type { Session } from '../../lib/index.js'
import { handshake, makeCometd, publish, type CometD, type TransportName } from '../harness/cometd-client.js'
import { startGateway, type Gateway } from '../harness/gateway.js'
import { SocketClient } from '../harness/socket-client.js'
import { until, within } from '../harness/until.js'

const sessionOf = ({ app }: Pick<Gateway, 'app'>) => [...app.realtime.sessions.values()].at(-1) as Session

/** What answers calls, as docs/protocol.md says how to write it for any client. */
function answerBy (client: CometD, methods: Record<string, (params: any) => unknown>): void {
  client.addListener('/service/rpc', ({ data }) => {
    const { id, method, params } = data as unknown as { id: number, method: string, params: unknown }
    const answer = methods[method] === undefined
      ? { error: { code: -32601, message: 'Method not found' } }
      : { result: methods[method]?.(params) }
    client.publish('/service/rpc', { id, ...answer })
  })
}

for (const transport of ['websocket', 'long-polling'] as const) {
  t.test(`cometd 9 over ${transport} is called`, t => answersCalls(t, transport))
}

async function answersCalls (t: Test, transport: TransportName): Promise<void> {
  // Its client calls at the same time: the ids of both sides must not meet.
  const gateway = await startGateway(t, { calls: { slow: { handler: async (number: number, { session }) => [number, await session.call('double', number)] } } })
  const client = makeCometd(t, gateway.url, { transport })
  answerBy(client, { double: (number: number) => number * 2, nothing: () => undefined })
  await handshake(client)
  const session = sessionOf(gateway)
  t.equal(await within(session.call('double', 21, { result: Type.Integer() }), 'an answer'), 42)
  t.equal(await within(session.call('nothing'), 'an answer'), null)
  await t.rejects(within(session.call('unheard'), 'an answer'), { code: 'FST_BAYEUX_CALL_UNKNOWN', statusCode: 501 })
  await t.rejects(within(session.call('double', 'x', { result: Type.Object({ a: Type.Number() }) }), 'an answer'), { code: 'FST_BAYEUX_CALL_RESULT', message: 'The answer to double does not fit: / Expected object' })
  const asked = Array.from({ length: 10 }, (_, number) => within(new Promise(resolve => client.remoteCall('rpc/slow', number as never, 0, {}, ({ data }) => resolve(data))), 'an answer'))
  t.same(await Promise.all(asked), Array.from({ length: 10 }, (_, number) => [number, number * 2]))
  t.match(gateway.app.realtime.metrics(), { clientCallsOpen: 0, clientCallsMade: 14, clientCallsFailed: 2 })
}

t.test('what goes over the wire', async t => {
  const gateway = await startGateway(t)
  const socket = await SocketClient.connect(t, gateway.wsUrl)
  const { clientId } = socket
  const session = sessionOf(gateway)
  const answer = (data: unknown) => socket.ask({ channel: '/service/rpc', clientId, data })
  const called = session.call('confirm', { text: 'Sure?' })
  const { channel, data, ...nothing } = await socket.next('/service/rpc')
  t.strictSame({ channel, data, nothing }, { channel: '/service/rpc', data: { jsonrpc: '2.0', id: data.id, method: 'confirm', params: { text: 'Sure?' } }, nothing: {} })
  t.match(await answer({ id: data.id + 1, result: true }), { successful: false, error: '404:/service/rpc:Unknown call' })
  t.match(await answer({ id: 'x', result: true }), { error: /^404:/ })
  t.match(await answer({ result: true }), { error: '400:/service/rpc:Not an answer: /id Expected required property' })
  t.match(await answer('yes'), { error: '400:/service/rpc:Not an answer: / Expected object' })
  t.match(await answer({ id: data.id, error: 'no' }), { error: /^400:/ })
  t.match(await answer({ jsonrpc: '2.0', id: data.id, result: true }), { channel: '/service/rpc', successful: true })
  t.equal(await called, true)
  t.match(await answer({ id: data.id, result: false }), { error: /^404:/ }, 'once')

  const twice = session.call('confirm')
  const { data: asked } = await socket.next('/service/rpc')
  socket.send([1, 2].map(id => ({ id, channel: '/service/rpc', clientId, data: { id: asked.id, result: id } })))
  t.match([await socket.next(({ id }) => id === 1), await socket.next(({ id }) => id === 2)], [{ successful: true }, { error: /^404:/ }], 'also where both come at once')
  t.equal(await twice, 1)

  const other = await SocketClient.connect(t, gateway.wsUrl)
  const second = session.call('confirm')
  second.catch(() => {})
  const { data: { id } } = await socket.next('/service/rpc')
  t.match(await other.ask({ channel: '/service/rpc', clientId: other.clientId, data: { id, result: 'not mine' } }), { error: /^404:/ }, 'nobody answers for another')
  t.match(await answer({ id, error: { code: 7, message: 'Never', data: [1] }, result: null }), { successful: true })
  await t.rejects(second, { code: 'FST_BAYEUX_CALL_REFUSED', statusCode: 502, message: 'The client refused confirm: Never', cause: { code: 7, data: [1] } })

  const unfit = session.call('age', null, { result: Type.Number() })
  unfit.catch(() => {})
  t.match(await answer({ id: (await socket.next('/service/rpc')).data.id, result: 'old' }), { successful: false, error: '422:/service/rpc:Result does not fit: / Expected number' })
  await t.rejects(unfit, { code: 'FST_BAYEUX_CALL_RESULT' })
})

t.test('deadline, signal, the end of the session, and the bound', async t => {
  const gateway = await startGateway(t, { limits: { calls: 3, callTimeout: 20 } })
  const client = gateway.app.realtime.inject()
  await client.handshake()
  const session = sessionOf(gateway)
  await t.rejects(session.call('a'), { code: 'FST_BAYEUX_CALL_TIMEOUT', statusCode: 504, message: 'No answer to a within 20 ms' })
  const aborter = new AbortController()
  const given = session.call('b', 1, { signal: aborter.signal, timeout: Infinity })
  aborter.abort(new Error('given up'))
  await t.rejects(given, { message: 'given up' })
  await t.rejects(session.call('c', 1, { signal: aborter.signal }), { message: 'given up' })
  await t.rejects(session.call(''), { code: 'FST_BAYEUX_USAGE' })
  await t.rejects(session.call('x', 1n), { code: 'FST_BAYEUX_USAGE' })
  await t.rejects(session.call('x', 1, { timeout: 0 }), { code: 'FST_BAYEUX_USAGE' })
  const open = ['d', 'e', 'f'].map(method => session.call(method, 1, { timeout: Infinity }))
  await t.rejects(session.call('g'), { code: 'FST_BAYEUX_CALL_LIMIT' })
  t.equal(gateway.app.realtime.metrics().clientCallsOpen, 3)
  const heard = () => client.received.map(({ data }) => (data as { method: string }).method)
  await until(() => heard().includes('f'))
  t.same(heard(), ['a', 'b', 'd', 'e', 'f'], 'who gave up before, or is one too many, asks nobody')
  await client.disconnect()
  for (const each of await Promise.allSettled(open)) t.match(each, { reason: { code: 'FST_BAYEUX_CALL_ENDED', statusCode: 503 } })
  await t.rejects(session.call('h'), { code: 'FST_BAYEUX_CALL_ENDED' })
  t.match(gateway.app.realtime.metrics(), { clientCallsOpen: 0, clientCallsMade: 5, clientCallsFailed: 5 })
})

t.test('an answer that was asked for needs no leave, and a route can wait for it', async t => {
  const app = Fastify()
  const gateway = await startGateway(t, { policy: { canPublish: () => false } }, {
    before: app => app.get('/ask', async () => ({ said: await sessionOf({ app }).call('ask', null, { timeout: 20 }) }))
  })
  t.equal((await gateway.app.inject('/ask').catch(error => error)).statusCode, 500, 'nobody is there')
  const client = makeCometd(t, gateway.url)
  await handshake(client)
  t.equal((await gateway.app.inject('/ask')).statusCode, 504)
  answerBy(client, { ask: () => 'yes' })
  t.same((await gateway.app.inject('/ask')).json(), { said: 'yes' })
  t.match(await publish(client, '/news', 1), { error: /^403:/ })
  await app.close()
})

t.test('who must subscribe to hear: Faye, and the dialect of Nodefony', async t => {
  const gateway = await startGateway(t)
  const client = new faye.Client(gateway.url)
  t.after(() => within(Promise.resolve(client.disconnect()), 'disconnected'))
  await within(Promise.resolve(client.subscribe('/service/rpc', data => {
    const { id, params } = data as { id: number, params: number }
    client.publish('/service/rpc', { id, result: params + 1 })
  })), 'subscribed')
  t.equal(await within(sessionOf(gateway).call('next', 1), 'an answer'), 2)

  const socket = await SocketClient.open(t, gateway.wsUrl)
  socket.send({ channel: '/meta/connect' })
  const { clientId } = await socket.next('/meta/connect')
  socket.send({ channel: '/meta/subscribe', clientId, subscription: '/service/rpc' })
  t.match(await socket.next('/meta/subscribe'), { successful: true })
  const called = sessionOf(gateway).call('next', 2)
  const { data: { id }, ...rest } = await socket.next('/service/rpc')
  t.strictSame(rest, { version: '1.0', channel: '/service/rpc', clientId })
  socket.send({ channel: '/service/rpc', clientId, data: { id, result: 3 } })
  t.equal(await within(called, 'an answer'), 3)
})

t.test('a call survives a lost connection', async t => {
  const gateway = await startGateway(t)
  const socket = await SocketClient.connect(t, gateway.wsUrl)
  const session = sessionOf(gateway)
  socket.ws.terminate()
  await until(() => session.transport === null)
  const called = session.call('confirm')
  const again = await SocketClient.open(t, gateway.wsUrl)
  again.send([{ channel: '/meta/connect', clientId: session.id, connectionType: 'websocket' }])
  const { data: { id } } = await again.next('/service/rpc')
  again.send([{ channel: '/service/rpc', clientId: session.id, data: { id, result: 'here' } }])
  t.equal(await within(called, 'an answer'), 'here')
})
