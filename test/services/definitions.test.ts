/** What the definition of a service can say besides how it is reached: schemas, targets, hello, who may write; and services that come and go. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Type } from '@sinclair/typebox'
import t, { type Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { SocketClient } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

type Services = NonNullable<RealtimeOptions['services']>

async function startClient (t: Test, services: Services, options: RealtimeOptions = {}) {
  const gateway = await startGateway(t, { services, ...options })
  const client = await SocketClient.connect(t, gateway.wsUrl)
  const { clientId } = client
  return {
    ...gateway,
    client,
    realtime: gateway.app.realtime,
    subscribe: (name: string, data?: unknown) => client.ask({ channel: '/meta/subscribe', clientId, subscription: `/service/${name}`, ...(data !== undefined && { data }) }),
    unsubscribe: (name: string, data?: unknown) => client.ask({ channel: '/meta/unsubscribe', clientId, subscription: `/service/${name}`, ...(data !== undefined && { data }) }),
    publish: (name: string, data: unknown) => client.ask({ channel: `/service/${name}`, clientId, data }),
    heard: async (name: string) => (await client.next(message => message.channel === `/service/${name}` && message.successful === undefined)).data
  }
}

/** A port on which nobody listens. */
async function deadPort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

t.test('schema: what clients say is refused with the JSON pointer, what the service says is dropped and counted', async t => {
  const service = await startTcpService(t, socket => socket.write('{"n":1}\n{"n":"two"}\n{"n":3}\n'))
  const { subscribe, unsubscribe, publish, heard, realtime } = await startClient(t, {
    rpc2: {
      port: service.port,
      framing: 'lines',
      encoding: 'json',
      schema: { publish: Type.Object({ method: Type.String(), params: Type.Array(Type.Number()) }), event: Type.Object({ n: Type.Number() }) }
    }
  })
  t.match(await subscribe('rpc2', { method: 5, params: [] }), { successful: false, error: '422:/service/rpc2:Data does not fit the schema of the service: /method Expected string' })
  await subscribe('rpc2', { method: 'start', params: [] })
  t.strictSame([await heard('rpc2'), await heard('rpc2')], [{ n: 1 }, { n: 3 }])
  t.equal(realtime.metrics().services.rpc2?.dropped, 1)
  t.match(await publish('rpc2', { method: 'go', params: [1, 'x'] }), { successful: false, error: /^422:\/service\/rpc2:.* \/params\/1 Expected number$/ })
  t.match(await publish('rpc2', 'text'), { successful: false, error: /schema of the service: \/ Expected object/ })
  t.match(await publish('rpc2', { method: 'go', params: [1] }), { successful: true })
  t.match(await unsubscribe('rpc2', { wrong: true }), { successful: true }, 'last words that do not fit are not written')
  await until(() => service.sockets[1]?.readableEnded)
  t.equal(service.received[1], '{"method":"start","params":[]}\n{"method":"go","params":[1]}\n')
})

t.test('hello: one message, several, or what a function says of the session', async t => {
  const service = await startTcpService(t)
  const base = { port: service.port, framing: 'lines' } as const
  const { subscribe, realtime } = await startClient(t, {
    one: { ...base, hello: 'HELLO' },
    several: { ...base, hello: ['A', { b: 1 }] },
    asked: { ...base, hello: ({ identity }: { identity: unknown }) => `I am ${String(identity)}` },
    broken: { ...base, hello: () => { throw new Error('no detail of this leaks') } }
  }, { authenticate: () => 'ada' })
  t.match(await subscribe('one', 'then this'), { successful: true })
  await until(() => service.received[0] === 'HELLO\nthen this\n')
  await subscribe('several')
  await until(() => service.received[1] === 'A\n{"b":1}\n')
  await subscribe('asked')
  await until(() => service.received[2] === 'I am ada\n')
  t.match(await subscribe('broken'), { successful: false, error: '502:/service/broken:Service failed' })
  await until(() => service.sockets[3]?.destroyed || service.sockets[3]?.readableEnded, 'its connection is not left behind')
  await until(() => realtime.metrics().serviceConnections === 3)
})

t.test('writable: false', async t => {
  const service = await startTcpService(t)
  const { subscribe, publish } = await startClient(t, { news: { port: service.port, framing: 'lines', writable: false } })
  t.match(await subscribe('news', 'x'), { successful: false, error: '405:/service/news:Service is read-only' })
  t.match(await subscribe('news'), { successful: true })
  t.match(await publish('news', 'x'), { successful: false, error: '405:/service/news:Service is read-only' })
  t.equal(service.received.join(''), '')
})

t.test('targets: the first that answers, with what it says of itself', async t => {
  const [dead, service, never] = [await deadPort(), await startTcpService(t, socket => socket.write('here\n')), await startTcpService(t)]
  const { subscribe, heard, realtime } = await startClient(t, {
    spare: { type: 'tcp', domain: '127.0.0.1', framing: 'lines', targets: [{ port: dead }, { domain: 'localhost', port: service.port }, { port: never.port }] },
    gone: { type: 'tcp', domain: '127.0.0.1', targets: [{ port: dead }, { port: dead }] },
    slow: { type: 'slow', targets: [{ hang: true, connectTimeout: 20 }, { hang: false }] }
  }, {
    connectors: {
      slow: async ({ hang }) => {
        if (hang === true) await new Promise(() => {})
        throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
      }
    }
  })
  t.match(await subscribe('spare'), { successful: true })
  t.equal(await heard('spare'), 'here')
  t.equal(never.sockets.length, 0)
  t.match(await subscribe('gone'), { successful: false, error: '403:/service/gone:Connection refused' })
  t.match(await subscribe('slow'), { successful: false, error: /^403:/ }, 'a target that hangs costs its connect timeout')
  t.match(realtime.metrics().services, { spare: { errors: 0 }, gone: { errors: 1 } })
})

t.test('resolve: a target for each session, or several, or none', async t => {
  const [red, blue, dead] = [await startTcpService(t, socket => socket.write('red\n')), await startTcpService(t, socket => socket.write('blue\n')), await deadPort()]
  const { wsUrl } = await startGateway(t, {
    authenticate: (_request, { ext }) => ext?.tenant,
    services: {
      tenant: {
        type: 'tcp',
        domain: '127.0.0.1',
        framing: 'lines',
        resolve: async (caller, { identity }) => {
          t.ok(caller.address)
          if (identity === 'red') return { port: red.port }
          if (identity === 'blue') return [{ port: dead }, { port: blue.port }]
          if (identity === 'wrong') return { port: 'x' }
          if (identity === 'broken') throw new Error('no detail of this leaks')
          return null
        }
      }
    }
  })
  const as = async (tenant: string) => {
    const client = await SocketClient.open(t, wsUrl)
    client.send([{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'], ext: { tenant } }])
    const { clientId } = await client.next('/meta/handshake')
    client.send([{ channel: '/meta/connect', clientId, connectionType: 'websocket', advice: { timeout: 0 } }])
    const reply = await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/tenant' })
    return { client, reply }
  }
  for (const tenant of ['red', 'blue']) {
    const { client, reply } = await as(tenant)
    t.match(reply, { successful: true })
    t.equal((await client.next('/service/tenant')).data, tenant)
  }
  t.match((await as('nobody')).reply, { successful: false, error: '403:/service/tenant:Nothing here for this session' })
  for (const tenant of ['wrong', 'broken']) t.match((await as(tenant)).reply, { successful: false, error: '502:/service/tenant:Service failed' })
})

t.test('services come and go; who is connected goes on', async t => {
  const [first, second] = [await startTcpService(t), await startTcpService(t)]
  const { realtime, subscribe, unsubscribe, publish } = await startClient(t, {})
  const { services } = realtime
  t.match(await subscribe('late'), { successful: false, error: '404:/service/late:Unknown service' })
  services.set('late', { port: first.port, framing: 'lines' })
  t.strictSame([services.has('late'), services.names], [true, ['late']])
  t.match(await subscribe('late'), { successful: true })

  services.set('late', { port: second.port, framing: 'lines', authorize: () => false })
  t.match(await publish('late', 'still there'), { successful: true })
  await until(() => first.received[0] === 'still there\n')
  await unsubscribe('late', 'bye')
  t.match(await subscribe('late'), { successful: false, error: /^403:/ }, 'the new rule holds')
  services.set('late', { port: second.port, framing: 'lines' })
  t.match(await subscribe('late', 'new'), { successful: true })
  await until(() => second.received[0] === 'new\n')

  t.equal(services.delete('late'), true)
  t.equal(services.delete('late'), false)
  t.match(await publish('late', 'after'), { successful: true })
  await until(() => second.received[0] === 'new\nafter\n')
  await unsubscribe('late')
  t.match(await subscribe('late'), { successful: false, error: /^404:/ })
  for (const { sockets } of [first, second]) sockets[0]?.end()
  await until(() => realtime.metrics().services.late === undefined, 'its figures go with it')
  t.equal(realtime.metrics().serviceBytesOut, 'still there\nbye\nnew\nafter\n'.length, 'and live on in the sums')

  const code = 'FST_BAYEUX_OPTIONS'
  t.throws(() => services.set('late', { port: 0 }), { code, message: /services\.late\.port/ })
  t.throws(() => services.set('rpc', { port: 1 }), { code, message: /services\.rpc: The gateway keeps this name/ })
  t.equal(services.has('late'), false)
})

t.test('a shared service that is replaced goes on for those who have it', async t => {
  const [first, second] = [await startTcpService(t), await startTcpService(t)]
  const { realtime, subscribe, heard, wsUrl } = await startClient(t, { feed: { port: first.port, framing: 'lines', shared: true } })
  await subscribe('feed')
  realtime.services.set('feed', { port: second.port, framing: 'lines', shared: true })
  const other = await SocketClient.connect(t, wsUrl)
  await other.ask({ channel: '/meta/subscribe', clientId: other.clientId, subscription: '/service/feed' })
  ;(await first.socket(0)).write('old\n')
  ;(await second.socket(0)).write('new\n')
  t.equal(await heard('feed'), 'old')
  t.equal((await other.next('/service/feed')).data, 'new')
  t.equal(realtime.metrics().services.feed?.open, 2)
})

t.test('check: connects, says nothing, leaves', async t => {
  const service = await startTcpService(t)
  const { realtime } = await startClient(t, {
    good: { port: service.port, framing: 'lines', hello: 'HELLO' },
    dead: { port: await deadPort(), domain: '127.0.0.1' },
    perSession: { type: 'tcp', resolve: () => ({ port: service.port }) }
  })
  t.match(await realtime.services.check('good'), { ok: true, ms: Number })
  await until(() => service.sockets[0]?.readableEnded)
  t.equal(service.received[0], '')
  service.sockets[0]?.end()
  t.match(await realtime.services.check('dead'), { ok: false, error: '403:/service/dead:Connection refused' })
  t.match(await realtime.services.check('nobody'), { ok: false, error: /^404:/ })
  t.match(await realtime.services.check('perSession'), { ok: false, error: '403:/service/perSession:Its target is found for each session' })
  await until(() => realtime.metrics().serviceConnections === 0)
})

t.test('figures: each service, and all', async t => {
  const service = await startTcpService(t, socket => socket.write('one\ntwo\n'))
  const { realtime, subscribe, publish, heard } = await startClient(t, { a: { port: service.port, framing: 'lines' }, b: { port: service.port, framing: 'lines' } })
  await subscribe('a')
  await heard('a')
  await heard('a')
  await publish('a', 'hi')
  await subscribe('b')
  await heard('b')
  await heard('b')
  const metrics = realtime.metrics()
  t.match(metrics.services.a, { open: 1, opened: 1, errors: 0, messagesIn: 2, messagesOut: 1, bytesIn: 8, bytesOut: 3, dropped: 0, pauses: 0 })
  t.match(metrics, { serviceConnections: 2, serviceEvents: 4, serviceBytesIn: 16, serviceBytesOut: 3, serviceErrors: 0, links: 2 })
  service.sockets[0]?.resetAndDestroy()
  await until(() => realtime.metrics().services.a?.errors === 1)
  t.equal(realtime.metrics().serviceConnections, 1)
})
