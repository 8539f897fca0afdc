/** The extensions that clients bring, and those that an application switches on (docs/protocol.md, section 9). */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { activity, timestamp } from '../../lib/index.js'
import { decodeZ85, encodeZ85, plainData } from '../../lib/protocol/binary.js'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient, type Message } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

const handshake = (ext: object) => ({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket', 'long-polling'], ext })

/** One way to connect with ack: what came before the reply, and the reply last. */
interface AckClient {
  clientId: string
  connect (ack: number, timeout?: number): Promise<Message[]>
}

async function polling (url: string): Promise<AckClient & { poller: PollClient }> {
  const client = new PollClient(url)
  const [reply] = await client.send(handshake({ ack: true }))
  if (reply.ext.ack.enabled !== true) throw new Error('no ack')
  const { clientId } = reply
  return { clientId, poller: client, connect: (ack, timeout = 10_000) => client.send({ channel: '/meta/connect', clientId, connectionType: 'long-polling', ext: { ack }, advice: { timeout } }) }
}

async function socket (t: Test, wsUrl: string, clientId?: string): Promise<AckClient & { client: SocketClient }> {
  const client = await SocketClient.open(t, wsUrl)
  const id = clientId ?? (await client.ask(handshake({ ack: true }))).clientId
  const connect = async (ack: number, timeout = 10_000) => {
    const reply = await client.ask({ channel: '/meta/connect', clientId: id, connectionType: 'websocket', ext: { ack }, advice: { timeout } })
    return [...client.messages.splice(0), reply]
  }
  return { clientId: id, connect, client }
}

for (const transport of ['long-polling', 'websocket']) {
  t.test(`ack over ${transport}: what was not acknowledged comes again, before what is newer`, async t => {
    const { app, url, wsUrl } = await startGateway(t)
    const client = transport === 'websocket' ? await socket(t, wsUrl) : await polling(url)
    const deliver = (data: unknown) => app.realtime.deliver(client.clientId, '/n', data)
    t.match(await client.connect(0, 0), [{ channel: '/meta/connect', successful: true, ext: { ack: 0 } }])
    deliver(1)
    deliver(2)
    t.match(await client.connect(0), [{ data: 1 }, { data: 2 }, { ext: { ack: 1 } }])
    deliver(3)
    t.match(await client.connect(0), [{ data: 1 }, { data: 2 }, { data: 3 }, { ext: { ack: 2 } }], 'the first answer was lost')
    t.match(await client.connect(0), [{ data: 1 }, { data: 2 }, { data: 3 }, { ext: { ack: 2 } }], 'and the second')
    deliver(4)
    t.match(await client.connect(1), [{ data: 3 }, { data: 4 }, { ext: { ack: 3 } }])
    t.strictSame((await client.connect(3, 0)).map(each => each.ext.ack), [3], 'all is acknowledged')
    const held = client.connect(3)
    await until(() => app.realtime.metrics().heldConnects === 1)
    deliver(5)
    t.match(await held, [{ data: 5 }, { ext: { ack: 4 } }])
    t.match(await client.connect(NaN, 0), [{ data: 5 }, { ext: { ack: 4 } }], 'no number acknowledges nothing')
  })
}

t.test('ack on WebSocket: events travel with connect replies only, replies at once', async t => {
  const { app, wsUrl } = await startGateway(t)
  const { client, clientId, connect } = await socket(t, wsUrl)
  await connect(0, 0)
  await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/n' })
  app.realtime.publish('/n', 1)
  t.match(await client.ask({ channel: '/other', clientId, data: 1 }), { successful: true })
  t.strictSame(client.messages, [], 'the event waits for a connect')
  t.match(await connect(0), [{ channel: '/n', data: 1 }, { channel: '/meta/connect', ext: { ack: 1 } }])
})

t.test('ack: a cut connection loses nothing and repeats nothing that was acknowledged', async t => {
  const { app, wsUrl } = await startGateway(t, { limits: { outboxEvents: 100_000 } })
  let client = await socket(t, wsUrl)
  const { clientId } = client
  const seen: number[] = []
  let ack = 0
  let published = 0
  const publish = setInterval(() => { for (let n = 0; n < 20; n++) app.realtime.deliver(clientId, '/n', published++) }, 1)
  t.teardown(() => clearInterval(publish))
  for (let cut = 0; cut < 5; cut++) {
    for (let round = 0; round < 5; round++) {
      const messages = await client.connect(ack)
      for (const { channel, data } of messages) if (channel === '/n') seen.push(data)
      ack = messages.at(-1).ext.ack
    }
    // The network goes while a connect with a batch is on its way.
    client.client.send([{ channel: '/meta/connect', clientId, connectionType: 'websocket', ext: { ack }, id: 'lost' }])
    await until(() => app.realtime.metrics().heldConnects === 1 || client.client.messages.length > 0)
    client.client.ws.terminate()
    await until(() => app.realtime.sessions.get(clientId)?.transport === null)
    client = await socket(t, wsUrl, clientId)
  }
  clearInterval(publish)
  while (seen.length < published) {
    const messages = await client.connect(ack)
    for (const { channel, data } of messages) if (channel === '/n') seen.push(data)
    ack = messages.at(-1).ext.ack
  }
  t.ok(published > 100)
  t.strictSame(seen, seen.map((_each, index) => index))
})

t.test('ack: what is not acknowledged counts for the bound of the outbox', async t => {
  const { app, url } = await startGateway(t, { limits: { outboxEvents: 10 } })
  const client = await polling(url)
  for (let n = 0; n < 12 && app.realtime.sessions.has(client.clientId); n++) {
    app.realtime.deliver(client.clientId, '/n', n)
    if (n % 3 === 0) await client.connect(0, 0)
  }
  t.match(await client.connect(0), [{ error: /^413:/ }])
  t.equal(app.realtime.metrics().overflowed, 1)
})

t.test('ack: a service is paused until its client acknowledges', async t => {
  const service = await startTcpService(t, socket => socket.write(`${'x'.repeat(10_000)}\n`.repeat(200)))
  const { app, url } = await startGateway(t, { services: { feed: { port: service.port, framing: 'lines' } } })
  const client = await polling(url)
  let ack = (await client.connect(0, 0)).at(-1).ext.ack
  await client.poller.send({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/feed' })
  await until(() => app.realtime.metrics().clientPauses > 0)
  let lines = 0
  while (lines < 200) {
    const messages = await client.connect(ack)
    lines += messages.length - 1
    ack = messages.at(-1).ext.ack
  }
  t.equal(lines, 200)
})

t.test('timesync: lag, offset and how long the answer took', async t => {
  const { url } = await startGateway(t)
  const client = new PollClient(url)
  const tc = Date.now()
  const [reply] = await client.send(handshake({ timesync: { tc, l: 0, o: 0 } }))
  const { timesync } = reply.ext
  t.equal(timesync.tc, tc)
  t.ok(timesync.ts >= tc && timesync.p >= 0)
  t.equal(timesync.a, tc - timesync.ts)
  const connect = (time: object) => client.send({ channel: '/meta/connect', clientId: reply.clientId, connectionType: 'long-polling', advice: { timeout: 0 }, ext: { timesync: time } })
  t.equal((await connect({ tc: Date.now(), l: 1, o: 0 }))[0].ext, undefined, 'accurate enough: nothing to say')
  t.match((await connect({ tc: Date.now() - 60_000, l: 5, o: 0 }))[0].ext.timesync, { p: Number })
  t.equal((await connect({ tc: 'x', l: 1, o: 0 }))[0].ext, undefined)
})

t.test('binary: bytes reach a service decoded, and other clients as they came', async t => {
  const bytes = Buffer.from([0, 1, 2, 250, 251, 252, 253])
  const service = await startTcpService(t)
  const received: Buffer[] = []
  service.server.on('connection', socket => socket.on('data', data => received.push(data)))
  const { wsUrl } = await startGateway(t, { services: { raw: { port: service.port } } })
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/raw' })
  await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/files' })
  const data = { data: encodeZ85(bytes), last: true }
  t.match(await client.ask({ channel: '/service/raw', clientId, data, ext: { binary: {} } }), { successful: true })
  await until(() => Buffer.concat(received).equals(bytes))
  await client.ask({ channel: '/meta/unsubscribe', clientId, subscription: '/service/raw', data, ext: { binary: {} } })
  await until(() => Buffer.concat(received).equals(Buffer.concat([bytes, bytes])))
  await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/raw', data, ext: { binary: {} } })
  await until(() => Buffer.concat(received).equals(Buffer.concat([bytes, bytes, bytes])))
  t.match(await client.ask({ channel: '/service/raw', clientId, data: { data: 'no"Z85' }, ext: { binary: {} } }), { error: /^422:\/service\/raw:/ })
  await client.ask({ channel: '/files', clientId, data, ext: { binary: {}, token: 'secret' } })
  t.strictSame((await client.next(message => message.data !== undefined)).ext, { binary: {} }, 'nothing else of ext is passed on')
})

t.test('Z85: any bytes there and back, and what is none is refused', async t => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), bytes => Buffer.from(bytes).equals(decodeZ85(encodeZ85(bytes)) as Buffer)))
  t.equal(encodeZ85(Buffer.from([0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b])), 'HelloWorld')
  for (const text of ['a', 'aaaaaa', '"aaaa', 'é1234', '#####']) t.equal(decodeZ85(text), null, text)
  t.equal(plainData({ data: { data: 5 }, ext: { binary: {} } }), undefined)
  t.equal(plainData({ data: null, ext: { binary: {} } }), null)
  t.equal(plainData({ data: 'text', ext: {} }), 'text')
})

t.test('timestamp: on every message, made once for all', async t => {
  const { app, wsUrl } = await startGateway(t, { extensions: [timestamp()] })
  const clients = [await SocketClient.connect(t, wsUrl), await SocketClient.connect(t, wsUrl)]
  for (const client of clients) t.match(await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/n' }), { timestamp: /^\d{4}-.*Z$/ })
  app.realtime.publish('/n', 1)
  const [one, other] = [await clients[0]?.next('/n'), await clients[1]?.next('/n')]
  t.match(one, { data: 1, timestamp: /Z$/ })
  t.strictSame(one, other)
})

t.test('activity: who sends nothing but heartbeats is ended', async t => {
  t.throws(() => activity({ maxIdle: 0 }), TypeError)
  const { app, wsUrl } = await startGateway(t, { extensions: [activity({ maxIdle: 300 })] })
  const busy = await SocketClient.connect(t, wsUrl)
  const idle = await SocketClient.connect(t, wsUrl)
  while (app.realtime.sessions.has(idle.clientId)) {
    await busy.ask({ channel: '/a', clientId: busy.clientId, data: 1 })
    if (app.realtime.sessions.has(idle.clientId)) idle.send([{ channel: '/meta/connect', clientId: idle.clientId, connectionType: 'websocket', advice: { timeout: 0 } }])
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  t.match(await idle.next(message => message.successful === false), { error: /^403:.*Idle/, advice: { reconnect: 'none' } })
  t.ok(app.realtime.sessions.has(busy.clientId))
})

t.test('an extension sees both ways, may change, replace and drop, per session', async t => {
  const { app, url } = await startGateway(t, {
    extensions: [{
      name: 'censor',
      incoming (message) {
        if ('data' in message && typeof message.data === 'string') message.data = message.data.replace('bad', '***')
      },
      outgoing: (message, session) => 'data' in message && message.data === session?.state.get('hides') ? false : undefined
    }, {
      name: 'late',
      outgoing: message => 'data' in message && message.data === 'slow' ? Promise.resolve({ ...message, data: 'came late' }) : undefined
    }]
  })
  const client = await new PollClient(url).start()
  app.realtime.sessions.get(client.clientId)?.state.set('hides', 'hidden')
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  for (const data of ['bad word', 'slow', 'hidden', 'last']) await client.ask({ channel: '/a', data })
  const events: unknown[] = []
  while (events.length < 3) for (const message of await client.connect()) if (message.data !== undefined) events.push(message.data)
  t.strictSame(events, ['*** word', 'came late', 'last'])
})
