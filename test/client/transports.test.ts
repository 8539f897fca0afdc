/** Which transport the client takes when one fails, and what becomes of its session. */
import type { onRequestAsyncHookHandler } from 'fastify'
import t, { type Test } from 'tap'
import type { RealtimeClient, TransportName } from '../../lib/client/index.js'
import { startBlackholeProxy, type BlackholeProxy } from '../harness/blackhole-proxy.js'
import { startGateway } from '../harness/gateway.js'
import { inState, makeClient, statesOf, transports } from '../harness/realtime-client.js'
import { until, within } from '../harness/until.js'

/** A gateway whose upgrades can be refused, behind a proxy whose connections can be cut. */
async function start (t: Test) {
  const upgrades = { refused: false, seen: 0 }
  const onRequest: onRequestAsyncHookHandler = async (request, reply) => {
    if (request.headers.upgrade === undefined) return
    upgrades.seen++
    if (upgrades.refused) return reply.code(403).send('No upgrades here')
  }
  const gateway = await startGateway(t, { timeout: 500, maxInterval: 60_000, limits: { websocketSilence: 600_000 }, onRequest })
  const proxy = await startBlackholeProxy(t, Number(new URL(gateway.origin).port))
  return { ...gateway, upgrades, proxy, proxied: `http://127.0.0.1:${proxy.port}/realtime` }
}

function cut ({ passages }: BlackholeProxy): void {
  for (const { client, server } of passages) {
    client.destroy()
    server.destroy()
  }
}

async function connectedOver (client: RealtimeClient, transport: TransportName): Promise<void> {
  await until(() => client.connection.state === 'connected' && client.connection.transport === transport, `connected over ${transport}`)
}

t.test('upgrades are refused from the start', async t => {
  const { url, upgrades } = await start(t)
  upgrades.refused = true
  const client = makeClient(t, url)
  await within(client.connect(), 'connected')
  t.match(client.connection, { transport: 'long-polling' })
  t.ok(upgrades.seen > 0, 'a WebSocket was tried first')
  await within(client.publish('/news', 'by POST'), 'published')
})

t.test('down to polling after a WebSocket had worked, and up again, in one session', async t => {
  const { app, proxied, proxy, upgrades } = await start(t)
  const client = makeClient(t, proxied, { ack: true, retryWebSocket: 50 })
  const heard: unknown[] = []
  const news = client.subscribe('/news', ({ data }) => heard.push(data))
  await within(Promise.all([client.connect(), news.ready]), 'connected')
  t.match(client.connection, { transport: 'websocket' })
  const { clientId } = client

  upgrades.refused = true
  cut(proxy)
  app.realtime.publish('/news', 'while nobody listens')
  await connectedOver(client, 'long-polling')
  t.equal(client.clientId, clientId, 'the session is the same')
  const seen = upgrades.seen
  await until(() => upgrades.seen > seen, 'a WebSocket is tried again')
  t.match(client.connection, { transport: 'long-polling' })

  upgrades.refused = false
  await connectedOver(client, 'websocket')
  t.equal(client.clientId, clientId)
  t.equal(app.realtime.sessions.get(clientId as string)?.transport, 'websocket')
  t.equal(app.realtime.sessions.size, 1)
  await within(client.publish('/news', 'up again'), 'published')
  await until(() => heard.length === 2)
  t.same(heard, ['while nobody listens', 'up again'])
})

for (const transport of transports) {
  t.test(`nothing is lost with a connection, over ${transport}`, async t => {
    const { app, proxied, proxy } = await start(t)
    const client = makeClient(t, proxied, { transport, ack: true })
    const heard: unknown[] = []
    const count = client.subscribe('/count', ({ data }) => heard.push(data))
    await within(Promise.all([client.connect(), count.ready]), 'connected')
    const { clientId } = client
    const burst = (from: number) => {
      for (let number = from; number < from + 100; number++) app.realtime.publish('/count', number)
    }
    burst(0)
    await until(() => heard.length === 100)
    await until(() => app.realtime.metrics().heldConnects === 1)
    const lost = proxy.swallow(true)
    burst(100)
    await until(() => lost.some(({ swallowed }) => swallowed.includes('/count')), 'events are lost')
    await until(() => heard.length >= 200)
    t.same(heard, Array.from({ length: 200 }, (_, number) => number), 'all in order, each once')
    t.equal(client.clientId, clientId, 'in the same session')
  })

  t.test(`a publish that was under way, over ${transport}`, async t => {
    const { app, proxied, proxy } = await start(t)
    const client = makeClient(t, proxied, { transport })
    await within(client.connect(), 'connected')
    let seen: unknown[] = []
    let arrived = () => {}
    app.realtime.subscribe('/news', ({ data }) => {
      seen.push(data)
      arrived()
    })
    const publish = async (retry: boolean) => {
      // The gateway gets it, and its acknowledgement gets lost.
      const gone = new Promise<void>(resolve => { arrived = resolve }).then(() => proxy.swallow(true))
      const published = client.publish('/news', retry, { retry })
      await within(gone, 'it arrived')
      return await published
    }
    await t.rejects(within(publish(false), 'an answer'), { code: 'lost' })
    await inState(client, 'connected')
    t.same(seen, [false])
    seen = []
    await within(publish(true), 'acknowledged')
    t.same(seen, [true, true], 'twice, as it was asked for')
  })
}

t.test('a connection that fell silent is given up', async t => {
  const { proxied, proxy, app } = await start(t)
  const client = makeClient(t, proxied, { transport: 'websocket', maxNetworkDelay: 100, connectTimeout: 1000 })
  await within(client.connect(), 'connected')
  await until(() => app.realtime.metrics().heldConnects === 1)
  const states = statesOf(client)
  proxy.swallow()
  client.hurry()
  await until(() => states.includes('waiting'), 'the silence is noticed')
  await inState(client, 'connected')
})

t.test('who waits long may be told to hurry', async t => {
  const { app, url } = await startGateway(t)
  await app.close()
  const client = makeClient(t, url, { backOff: { initial: 600_000, max: 600_000 } })
  const connected = client.connect()
  const { until: next } = await inState(client, 'waiting')
  t.ok(next - Date.now() > 200_000)
  await startGateway(t, {}, { port: Number(new URL(url).port) })
  client.hurry()
  await within(connected, 'connected')
})
