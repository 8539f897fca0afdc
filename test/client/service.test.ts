/** Services through the client: data, states, ends, and JSON-RPC over lines of text and over objects. */
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { RpcError, type RpcNotification, type ServiceState, type TransportName } from '../../lib/client/index.js'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { inState, makeClient, transports } from '../harness/realtime-client.js'
import { startTcpService, type TcpService } from '../harness/tcp-service.js'
import { until, within } from '../harness/until.js'

const named = ({ port }: TcpService, more: object = {}): RealtimeOptions => ({ services: { it: { type: 'tcp', domain: '127.0.0.1', port, framing: 'lines', ...more } } })

for (const transport of transports) {
  t.test(`over ${transport}`, async t => {
    t.test('a conversation', t => talks(t, transport))
    t.test('its ends', t => ends(t, transport))
    t.test('calls', t => calls(t, transport))
    t.test('a new session opens it anew', t => comesBack(t, transport))
  })
}

async function talks (t: Test, transport: TransportName): Promise<void> {
  const service = await startTcpService(t)
  const gateway = await startGateway(t, named(service))
  const client = makeClient(t, gateway.url, { transport })
  const it = client.service('it', { data: 'hello' })
  const states: unknown[] = []
  it.on('state', (...details) => states.push(details))
  t.equal(it.state, 'connecting')
  const sent = it.send('sent before it was open')
  await within(it.ready, 'open')
  t.equal(it.state, 'connected')
  await within(sent, 'sent')
  await it.send({ not: 'text' })
  const socket = await service.socket(0)
  await until(() => service.received[0] === 'hello\nsent before it was open\n{"not":"text"}\n', 'what was sent, in order')
  socket.write('one\ntwö\n')
  const heard: unknown[] = []
  for await (const line of it) {
    if (heard.push(line) === 2) break
  }
  t.same(heard, ['one', 'twö'])
  t.equal(it.state, 'ended', 'a loop that is left ends it')
  t.same(states, [['connected', undefined, null], ['ended', 'closed by the client', null]])
  let ended = false
  socket.once('end', () => { ended = true })
  await until(() => ended, 'and the gateway closes the connection')
  await t.rejects(it.send('more'), { code: 'closed' })

  const listened = client.service('it')
  const data: unknown[] = []
  listened.on('data', line => data.push(line))
  const other = client.service('it')
  await within(Promise.all([listened.ready, other.ready]), 'open')
  const second = await service.socket(1)
  t.equal(service.sockets.length, 2, 'the two share one')
  second.write('both\n')
  await until(() => data.length === 1)
  t.same(await other[Symbol.asyncIterator]().next(), { done: false, value: 'both' })
  other.end('not the last')
  listened.end('bye')
  await until(() => service.received[1] === 'bye\n', 'last words of who leaves last')
}

async function ends (t: Test, transport: TransportName): Promise<void> {
  const service = await startTcpService(t)
  const gateway = await startGateway(t, named(service))
  const client = makeClient(t, gateway.url, { transport })
  const nobody = client.service('nobody')
  await t.rejects(within(nobody.ready, 'an answer'), { code: 404 })
  t.equal(nobody.state, 'ended')
  await t.rejects(nobody.send('x'), { code: 404 })

  const it = client.service('it')
  const ended = new Promise<unknown[]>(resolve => it.on('state', (...details) => { if (details[0] === 'ended') resolve(details) }))
  await within(it.ready, 'open')
  ;(await service.socket(0)).end('bye\n')
  t.same(await within(ended, 'the end'), ['ended', 'ended', null])
  const heard: unknown[] = []
  for await (const line of it) heard.push(line)
  t.same(heard, ['bye'], 'what it said before is still there, and then the loop ends')

  const broken = client.service('it')
  await within(broken.ready, 'open again')
  ;(await service.socket(1)).resetAndDestroy()
  const reading = broken[Symbol.asyncIterator]().next()
  await t.rejects(within(reading, 'the end'), { code: 502 })

  const aborter = new AbortController()
  const aborted = client.service('it', { signal: aborter.signal })
  await within(aborted.ready, 'open again')
  aborter.abort()
  t.equal(aborted.state, 'ended')
  t.equal(client.service('it', { signal: aborter.signal }).state, 'ended')
  using used = client.service('it')
  await within(used.ready, 'open again')
  await within(client.close(), 'closed')
  t.equal(used.state, 'ended')
}

/** Answers JSON-RPC as `answer` says; undefined does not answer. */
function rpcService (t: Test, answer: (request: any, socket: Socket) => object | undefined): Promise<TcpService> {
  return startTcpService(t, socket => {
    createInterface({ input: socket }).on('line', line => {
      const request = JSON.parse(line)
      const answered = answer(request, socket)
      if (answered !== undefined) socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: request.id, ...answered })}\n`)
    }).on('error', () => {})
  })
}

async function calls (t: Test, transport: TransportName): Promise<void> {
  const requests: any[] = []
  const service = await rpcService(t, request => {
    requests.push(request)
    if (request.method === 'add') return { result: request.params[0] + request.params[1], error: null }
    if (request.method === 'fail') return { error: { code: -32000, message: 'No luck', data: { why: 'weather' } } }
  })
  for (const encoding of ['utf8', 'json']) {
    const gateway = await startGateway(t, named(service, { encoding }))
    const client = makeClient(t, gateway.url, { transport })
    const it = client.service('it')
    const other = client.service('it')
    const sums = await within(Promise.all([it.call('add', [1, 2]), it.call('add', [3, 4]), other.call('add', [5, 6])]), 'answers')
    t.same(sums, [3, 7, 11], `${encoding}: each gets its own`)
    const failed = await within(it.call('fail').catch(error => error), 'an answer')
    t.ok(failed instanceof RpcError)
    t.match(failed, { code: -32000, message: 'No luck', data: { why: 'weather' } })
    await t.rejects(it.call('silent', [], { timeout: 50 }), { code: 'timeout' })
    const aborter = new AbortController()
    const aborted = it.call('silent', { named: true }, { signal: aborter.signal })
    aborter.abort(new Error('never mind'))
    await t.rejects(aborted, /never mind/)
    await it.notify('note', ['x'])
    const notes = () => requests.filter(({ method }) => method === 'note')
    await until(() => notes().length === 1)
    t.same(notes(), [{ jsonrpc: '2.0', method: 'note', params: ['x'] }], 'a notification has no id')
    requests.length = 0

    const socket = service.sockets.at(-1) as Socket
    const says = (value: object) => socket.write(`${JSON.stringify(value)}\n`)
    const tick = { jsonrpc: '2.0', method: 'tick', params: [1] }
    says(tick)
    const first = await it[Symbol.asyncIterator]().next()
    t.same(encoding === 'json' ? first.value : JSON.parse(first.value), tick, 'while nobody listens, a notification is data')
    const heard: RpcNotification[] = []
    const stop = it.on('notification', notification => heard.push(notification))
    says(tick)
    await until(() => heard.length === 1)
    t.same(heard, [{ method: 'tick', params: [1] }])
    stop()
    const orphan = { jsonrpc: '2.0', result: 68, error: null, id: null }
    says(orphan)
    const second = await it[Symbol.asyncIterator]().next()
    t.same(encoding === 'json' ? second.value : JSON.parse(second.value), orphan, 'what answers no call is data')
    const pending = it.call('silent', [], { timeout: Infinity })
    pending.catch(() => {})
    await until(() => requests.some(({ method }) => method === 'silent'))
    socket.end()
    await t.rejects(within(pending, 'an end'), { code: 'closed' }, 'nobody will answer any more')
  }
}

async function comesBack (t: Test, transport: TransportName): Promise<void> {
  const service = await startTcpService(t)
  const options = named(service)
  const first = await startGateway(t, options)
  const client = makeClient(t, first.url, { transport })
  const it = client.service('it', { data: 'hello' })
  await within(Promise.all([client.connect(), it.ready]), 'open')
  const states: ServiceState[] = []
  it.on('state', state => states.push(state))
  const pending = it.call('silent', [], { timeout: Infinity })
  pending.catch(() => {})
  await until(() => service.received[0]?.includes('silent'))
  await first.app.close()
  await inState(client, 'waiting')
  await startGateway(t, options, { port: Number(new URL(first.url).port) })
  await until(() => service.received[1] === 'hello\n', 'it is greeted again')
  await t.rejects(within(pending, 'an end'), { code: 'lost' })
  await until(() => it.state === 'connected')
  t.same(states, ['connecting', 'connected'])
  ;(await service.socket(1)).write('welcome back\n')
  t.same(await within(it[Symbol.asyncIterator]().next(), 'a line'), { done: false, value: 'welcome back' })
}

t.test('several answers and more in one piece of text', async t => {
  const service = await startTcpService(t)
  const gateway = await startGateway(t, named(service, { framing: 'raw' }))
  const client = makeClient(t, gateway.url)
  const it = client.service('it')
  const answers = [it.call('one'), it.call('two')]
  const socket = await service.socket(0)
  // Without framing, requests may arrive joined.
  await until(() => service.received[0]?.includes('"two"'))
  const ids = [...(service.received[0] as string).matchAll(/"id":(\d+)/g)].map(([, id]) => id)
  socket.write(`READY\n{"jsonrpc":"2.0","id":${ids[1]},"result":2}\n{"jsonrpc":"2.0","id":${ids[0]},"result":1}\n`)
  t.same(await within(Promise.all(answers), 'answers'), [1, 2])
  t.same(await it[Symbol.asyncIterator]().next(), { done: false, value: 'READY\n' })
})

t.test('states that the gateway tells are no data', async t => {
  const service = await startTcpService(t)
  const gateway = await startGateway(t, named(service))
  const client = makeClient(t, gateway.url, {
    extensions: [{
      name: 'a gateway that reconnects',
      incoming: (message: any) => {
        if (message.data === 'reconnecting' || message.data === 'connected') Object.assign(message, { data: null, ext: { service: { state: message.data } } })
        return message
      }
    }]
  })
  const it = client.service('it')
  await within(it.ready, 'open')
  const states: ServiceState[] = []
  it.on('state', state => states.push(state))
  const pending = it.call('silent', [], { timeout: Infinity })
  pending.catch(() => {})
  const socket = await service.socket(0)
  await until(() => service.received[0]?.includes('silent'))
  socket.write('reconnecting\n')
  await until(() => states.length === 1)
  await t.rejects(within(pending, 'an end'), { code: 'lost' })
  const waits = it.send('when it is back')
  socket.write('connected\nhello\n')
  await within(waits, 'sent')
  t.same(states, ['reconnecting', 'connected'])
  t.same(await it[Symbol.asyncIterator]().next(), { done: false, value: 'hello' })
})

t.test('a client that the gateway closes: what was open is closed, not refused', async t => {
  const service = await startTcpService(t)
  const { app, url } = await startGateway(t, named(service))
  const client = makeClient(t, url)
  const it = client.service('it')
  await within(it.ready, 'open')
  const ended = new Promise<unknown[]>(resolve => it.on('state', (state, reason, error) => {
    if (state === 'ended') resolve([reason, error?.code])
  }))
  app.realtime.disconnect(() => true, 'Go away')
  t.strictSame(await within(ended, 'the end'), ['closed', 403])
})

t.test('a shared service that breaks and comes back, as the gateway tells it', async t => {
  const service = await startTcpService(t)
  const { url } = await startGateway(t, named(service, { shared: { reconnect: { min: 1, max: 20 } } }))
  const client = makeClient(t, url)
  const it = client.service('it')
  await within(it.ready, 'open')
  const states: string[] = []
  const heard: unknown[] = []
  it.on('state', state => states.push(state))
  it.on('data', data => heard.push(data))
  ;(await service.socket(0)).end('before\n')
  await until(() => states.at(-1) === 'connected')
  t.strictSame(states, ['reconnecting', 'connected'])
  ;(await service.socket(1)).write('after\n')
  await until(() => heard.length === 2)
  t.strictSame(heard, ['before', 'after'], 'states are no data')
})
