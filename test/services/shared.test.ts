/** Shared services: one connection for all subscribers. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import type { RealtimeOptions, ServiceInput } from '../../lib/index.js'
import { BackOff } from '../../lib/services/back-off.js'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient, type Message } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

type Shared = Extract<ServiceInput['shared'], object>
type Client = Awaited<ReturnType<typeof SocketClient.connect>>

/** A gateway with one shared TCP service `feed` over lines. */
async function sharing (t: Test, shared: Shared = {}, more: Partial<ServiceInput> = {}, options: RealtimeOptions = {}, onConnection: (socket: Socket) => void = () => {}) {
  const service = await startTcpService(t, onConnection)
  const feed = { type: 'tcp', domain: '127.0.0.1', port: service.port, framing: 'lines', ...more, shared: { linger: 0, reconnect: { min: 1, max: 20 }, ...shared } } as ServiceInput
  const gateway = await startGateway(t, { services: { feed }, ...options })
  const join = async (data?: unknown) => {
    const client = await SocketClient.connect(t, gateway.wsUrl)
    return { client, reply: await subscribe(client, data) }
  }
  return { service, gateway, join, figures: () => gateway.app.realtime.metrics().services.feed }
}

const subscribe = (client: Client, data?: unknown): Promise<Message> =>
  client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/feed', ...(data !== undefined && { data }) })
const unsubscribe = (client: Client) => client.ask({ channel: '/meta/unsubscribe', clientId: client.clientId, subscription: '/service/feed' })
const publish = (client: Client, data: unknown) => client.ask({ channel: '/service/feed', clientId: client.clientId, data })
const next = async (client: Client) => (await client.next(message => message.channel === '/service/feed' && message.data != null)).data
const state = async (client: Client) => (await client.next(message => message.channel === '/service/feed' && message.ext?.service !== undefined)).ext.service

t.test('one connection for all: opened for the first, closed after the last, opened again', async t => {
  const { service, join, figures } = await sharing(t)
  const { client: one, reply } = await join()
  t.match(reply, { successful: true, ext: { socket: { id: /^feed-\d+$/, type: 'tcp' }, service: { state: 'connected' } } })
  const { client: two } = await join()
  const socket = await service.socket(0)
  socket.write('a\nb\n')
  for (const client of [one, two]) t.strictSame([await next(client), await next(client)], ['a', 'b'])
  t.match(figures(), { open: 1, opened: 1, messagesIn: 2 })

  await unsubscribe(one)
  socket.write('c\n')
  t.equal(await next(two), 'c')
  t.notOk(one.messages.some(({ data }) => data === 'c'), 'who left hears no more')
  await unsubscribe(two)
  await until(() => socket.readableEnded, 'the connection ends after the last')
  socket.end()
  await until(() => figures()?.open === 0)

  await join()
  await service.socket(1)
})

t.test('it lingers after the last subscriber, and who comes back in time finds the same connection', async t => {
  const { service, join, figures } = await sharing(t, { linger: 60_000, snapshot: 5 })
  const { client } = await join()
  ;(await service.socket(0)).write('kept\n')
  t.equal(await next(client), 'kept')
  await unsubscribe(client)
  const { client: late } = await join()
  t.equal(await next(late), 'kept')
  t.equal(figures()?.opened, 1)
})

t.test('snapshot: the last messages first, in order, then what comes, nothing twice', async t => {
  const { service, join } = await sharing(t, { snapshot: 3 })
  const { client: one } = await join()
  const socket = await service.socket(0)
  socket.write('1\n2\n3\n4\n5\n')
  for (let n = 1; n <= 5; n++) t.equal(await next(one), String(n))
  const { client: late } = await join()
  socket.write('6\n')
  t.strictSame([await next(late), await next(late), await next(late), await next(late)], ['3', '4', '5', '6'])
})

t.test('snapshot by key: the last of each', async t => {
  const { service, join } = await sharing(t, { snapshot: { key: 'symbol' } }, { encoding: 'json' })
  const { client: one } = await join()
  const socket = await service.socket(0)
  socket.write('{"symbol":"A","price":1}\n{"symbol":"B","price":2}\n{"symbol":"A","price":3}\n"no symbol"\n')
  for (let n = 0; n < 4; n++) await next(one)
  const { client: late } = await join()
  t.strictSame([await next(late), await next(late)], [{ symbol: 'B', price: 2 }, { symbol: 'A', price: 3 }])
})

t.test('snapshot by key: a function that fails hurts nobody', async t => {
  const { service, join, figures } = await sharing(t, { snapshot: { key: data => data.of.symbol } }, { encoding: 'json' })
  const { client: one } = await join()
  ;(await service.socket(0)).write('{"of":{"symbol":"A"},"n":1}\n{}\nnull\n{"of":{"symbol":"A"},"n":2}\n')
  await one.next(({ data }) => data?.n === 2)
  t.equal(figures()?.errors, 0)
  const { client: late } = await join()
  t.strictSame(await next(late), { of: { symbol: 'A' }, n: 2 })
})

t.test('back-off: twice as long each time, up to the longest; what has lived long begins anew', async t => {
  const backOff = new BackOff({ min: 100, max: 1000 })
  const within = (lived: number, from: number, to: number) => {
    const wait = backOff.wait(lived)
    t.ok(wait >= from && wait <= to, `${wait} from ${from} to ${to}`)
  }
  within(0, 100, 200)
  within(1000, 200, 400)
  within(0, 400, 800)
  for (let n = 0; n < 3; n++) within(0, 500, 1000)
  within(1001, 100, 200)
  within(0, 200, 400)
  backOff.reset()
  within(0, 100, 200)
  t.equal(new BackOff({ min: 50, max: 50 }).wait(0), 50)
})

t.test('subscribed twice: success, and the snapshot once', async t => {
  const { service, join } = await sharing(t, { snapshot: 3 })
  const { client } = await join()
  ;(await service.socket(0)).write('1\n2\n')
  t.strictSame([await next(client), await next(client)], ['1', '2'])
  t.match(await subscribe(client), { successful: true })
  ;(await service.socket(0)).write('3\n')
  t.equal(await next(client), '3')
})

t.test('snapshot: bounded in bytes too', async t => {
  const { service, join } = await sharing(t, { snapshot: 100 }, {}, { limits: { outboxBytes: 20_000 } })
  const { client: one } = await join()
  const socket = await service.socket(0)
  for (let n = 0; n < 10; n++) {
    socket.write(`${n}${'x'.repeat(4000)}\n`)
    await next(one)
  }
  const { client: late } = await join()
  socket.write('end\n')
  const seen: string[] = []
  for (let data = await next(late); data !== 'end'; data = await next(late)) seen.push(data[0])
  t.strictSame(seen, ['8', '9'], 'half of what may wait for a client')
})

t.test('read-only unless it is writable', async t => {
  const { service, join } = await sharing(t)
  const { client } = await join()
  t.match(await publish(client, 'x'), { successful: false, error: '405:/service/feed:Service is read-only' })
  const { reply } = await join('with data')
  t.match(reply, { successful: false, error: '405:/service/feed:Service is read-only' })
  await unsubscribe(client)
  await until(() => service.sockets[0]?.readableEnded, 'who was refused does not hold it open')

  const open = await sharing(t, {}, { writable: true })
  const { client: writer } = await open.join('first')
  t.match(await publish(writer, 'second'), { successful: true })
  await until(() => open.service.received[0] === 'first\nsecond\n')
  t.equal(service.received[0], '')
})

t.test('hello: said once on every new connection, before anything else', async t => {
  const { service, join } = await sharing(t, {}, { hello: ['AUTH secret', 'MONITOR'], writable: true })
  const { client } = await join('mine')
  await join()
  await until(() => service.received[0] === 'AUTH secret\nMONITOR\nmine\n')
  ;(await service.socket(0)).destroy()
  await until(() => service.received[1] === 'AUTH secret\nMONITOR\n')
  t.match(await state(client), { state: 'reconnecting' })
})

t.test('it comes back: subscribers are told, and keep their subscription', async t => {
  const { service, gateway, join, figures } = await sharing(t)
  const { client } = await join()
  const poll = await new PollClient(gateway.url).start()
  t.match(await poll.ask({ channel: '/meta/subscribe', subscription: '/service/feed' }), { successful: true })
  const socket = await service.socket(0)
  socket.end('last words')
  t.equal(await next(client), 'last words')
  t.match(await state(client), { state: 'reconnecting', reason: 'ended', wait: Number })
  t.match(await state(client), { state: 'connected' })
  const second = await service.socket(1)
  second.write('back\n')
  t.equal(await next(client), 'back')
  second.resetAndDestroy()
  t.match(await state(client), { state: 'reconnecting', reason: 'broken', error: /^502:/ })
  t.match(await state(client), { state: 'connected' })
  t.equal(figures()?.errors, 1)
  const heard: Message[] = []
  await until(async () => {
    heard.push(...await poll.connect({ timeout: 1 }))
    return heard.filter(({ ext }) => ext?.service?.state === 'connected').length === 2
  }, 'told over long-polling too')
  t.strictSame(heard.filter(({ data }) => data != null).map(({ data }) => data), ['last words', 'back'])
  t.equal(gateway.app.realtime.sessions.get(client.clientId)?.services.length, 1)
})

t.test('while it is away: publishes are refused, who comes late is told, and who leaves stops the attempts', async t => {
  const { service, join, figures } = await sharing(t, { snapshot: 1 }, { writable: true })
  const { client } = await join()
  ;(await service.socket(0)).write('before\n')
  await next(client)
  service.server.close()
  service.sockets[0]?.destroy()
  t.match(await state(client), { state: 'reconnecting' })
  t.match(await state(client), { state: 'reconnecting', reason: 'unreachable', error: /^403:/ })
  t.match(await publish(client, 'x'), { successful: false, error: '503:/service/feed:Service is reconnecting' })
  const { client: late, reply } = await join()
  t.match(reply, { successful: true, ext: { service: { state: 'reconnecting' } } })
  t.equal(await next(late), 'before')
  await unsubscribe(client)
  await unsubscribe(late)
  const { errors } = figures() ?? {}
  const { reply: refused } = await join()
  t.match(refused, { successful: false, error: /^403:/ }, 'a fresh start: the first subscriber is refused')
  t.equal(figures()?.errors, (errors ?? 0) + 1, 'nobody else had tried')
})

t.test('reconnect: false: the end is the end for all, with its reason', async t => {
  const { service, join } = await sharing(t, { reconnect: false })
  const { client: one } = await join()
  const { client: two } = await join()
  ;(await service.socket(0)).end('bye')
  for (const client of [one, two]) {
    t.equal(await next(client), 'bye')
    t.match(await client.next('/meta/unsubscribe'), { successful: true, subscription: '/service/feed', ext: { service: { state: 'ended', reason: 'ended' } } })
  }
  t.match(await subscribe(one), { successful: true })
  ;(await service.socket(1)).write('again\n')
  t.equal(await next(one), 'again')
})

t.test('all who come while it connects wait for the same attempt, and are refused alike', async t => {
  let release = () => {}
  let attempts = 0
  const { wsUrl } = await startGateway(t, {
    services: { feed: { type: 'gate', shared: true } },
    connectors: {
      gate: (_service, { session }) => {
        attempts++
        t.equal(session, null)
        return new Promise((_resolve, reject) => { release = () => reject(Object.assign(new Error('no'), { code: 'ECONNREFUSED' })) })
      }
    }
  })
  const clients = await Promise.all([0, 1, 2].map(() => SocketClient.connect(t, wsUrl)))
  const replies = clients.map(client => subscribe(client))
  await until(() => attempts === 1)
  const [, , leaver] = clients as [Client, Client, Client]
  leaver.send([{ channel: '/meta/unsubscribe', clientId: leaver.clientId, subscription: '/service/feed', id: 'left' }])
  await leaver.next(({ id }) => id === 'left')
  release()
  for (const reply of await Promise.all(replies)) t.match(reply, { successful: false, error: /^403:/ })
  t.equal(attempts, 1)
})

t.test('a slow viewer loses its subscription and is told; the others and its session go on', async t => {
  const { service, gateway, join } = await sharing(t, {}, {}, { limits: { outboxEvents: 50 } })
  const { client: fast } = await join()
  const { client: slow } = await join()
  slow.ws.pause()
  const socket = await service.socket(0)
  const line = 'x'.repeat(50_000)
  let sent = 0
  while (gateway.app.realtime.metrics().overflowed === 0) {
    socket.write(`${sent++}:${line}\n`)
    await next(fast)
  }
  socket.write('after\n')
  t.equal(await next(fast), 'after', 'the fast one got every one')
  slow.ws.resume()
  t.match(await slow.next('/meta/unsubscribe'), { subscription: '/service/feed', ext: { service: { state: 'ended', reason: 'too slow', error: /^413:/ } } })
  t.match(await slow.ask({ channel: '/meta/subscribe', clientId: slow.clientId, subscription: '/chat' }), { successful: true }, 'its session lives')
  socket.write('later\n')
  t.equal(await next(fast), 'later')
  gateway.app.realtime.publish('/chat', 'hello')
  t.equal((await slow.next('/chat')).data, 'hello')
  t.notOk(slow.messages.some(({ data }) => data === 'later'), 'and hears no more of the service')
  t.equal(gateway.app.realtime.metrics().services.feed?.open, 1)
})

t.test('many events for many subscribers are handed out in slices, in order, up to the end', async t => {
  const VIEWERS = 200
  const EVENTS = 400
  const { service, gateway } = await sharing(t, { reconnect: false }, {}, { limits: { outboxEvents: 10_000, outboxBytes: 64 * 1024 * 1024 } })
  const { realtime } = gateway.app
  const viewers = Array.from({ length: VIEWERS }, () => realtime.inject())
  await Promise.all(viewers.map(async viewer => {
    await viewer.handshake()
    await viewer.subscribe('/service/feed')
  }))
  const socket = await service.socket(0)
  socket.end(Array.from({ length: EVENTS }, (_each, n) => `${n}\n`).join(''))
  await until(() => viewers.every(({ received }) => received.length === EVENTS + 1))
  const expected = Array.from({ length: EVENTS }, (_each, n) => String(n))
  for (const { received } of viewers) {
    const last = received.at(-1)
    if (last?.channel !== '/meta/unsubscribe') t.fail('the end comes last')
    if (received.slice(0, -1).some(({ data }, n) => data !== expected[n])) t.fail('every one in order')
  }
  t.equal(realtime.metrics().delivered, VIEWERS * EVENTS)
})

t.test('who leaves while it is being made leaves nothing behind', async t => {
  let made = 0
  let aborted = 0
  const { wsUrl, app } = await startGateway(t, {
    services: { feed: { type: 'gate', shared: { linger: 0 } } },
    connectors: {
      gate: (_service, { signal }) => {
        made++
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => {
          aborted++
          reject(signal.reason)
        }))
      }
    }
  })
  const client = await SocketClient.connect(t, wsUrl)
  client.send([{ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/feed' }])
  await until(() => made === 1)
  await app.close()
  await until(() => aborted === 1, 'closing the gateway ends the attempt')
  t.match(await client.waitClosed(), { code: 1001 })
})

t.test('it ends while it lingers: nobody is there to come back for', async t => {
  const { service, join, figures } = await sharing(t, { linger: 60_000, reconnect: { min: 60_000, max: 60_000 } })
  const { client } = await join()
  await unsubscribe(client)
  service.sockets[0]?.destroy()
  await until(() => figures()?.open === 0)
  const { reply } = await join()
  t.match(reply, { successful: true, ext: { service: { state: 'connected' } } }, 'a fresh start')
})

t.test('a service that speaks and dies at once is left alone for longer each time', async t => {
  let connections = 0
  const { join } = await sharing(t, { reconnect: { min: 2, max: 10_000 } }, {}, {}, socket => {
    // The last one stays.
    if (++connections < 8) socket.end('hello\n')
  })
  const { client } = await join()
  const waits: number[] = []
  while (waits.length < 7) {
    const { wait } = await state(client)
    if (wait !== undefined) waits.push(wait)
  }
  waits.forEach((wait, n) => t.ok(wait >= 2 ** (n + 1) && wait <= 2 ** (n + 2), `${wait} ms before attempt ${n + 2}`))
})

t.test('who leaves while it comes back stops it; who comes then begins anew, and is not disturbed', async t => {
  let attempts = 0
  let aborted = 0
  let push: (line: string) => void = () => {}
  let cut = () => {}
  const { wsUrl } = await startGateway(t, {
    services: { feed: { type: 'gate', framing: 'lines', shared: { linger: 0, reconnect: { min: 1, max: 1 } } } },
    connectors: {
      gate: (_service, { signal }) => new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted++
          reject(signal.reason)
        })
        if (++attempts === 2) return
        const duplex = new Duplex({ read () {}, write: (_chunk, _encoding, done) => done() })
        push = line => duplex.push(line)
        cut = () => duplex.destroy()
        resolve(duplex)
      })
    }
  })
  const client = await SocketClient.connect(t, wsUrl)
  await subscribe(client)
  cut()
  await until(() => attempts === 2)
  const { clientId } = client
  client.send([
    { channel: '/meta/unsubscribe', clientId, subscription: '/service/feed', id: 'leave' },
    { channel: '/meta/subscribe', clientId, subscription: '/service/feed', id: 'return' }
  ])
  t.match(await client.next(({ id }) => id === 'return'), { successful: true, ext: { service: { state: 'connected' } } })
  t.equal(aborted, 1)
  push('anew\n')
  t.equal(await next(client), 'anew')
  for (let turn = 0; turn < 20; turn++) await client.ask({ channel: '/chat', clientId, data: turn })
  push('still\n')
  t.equal(await next(client), 'still')
  t.equal(attempts, 3, 'nobody tries any more')
})

t.test('a flood for many subscribers: the service is not read ahead of them', async t => {
  const CHUNKS = 20
  const LINES = 300
  const VIEWERS = 100
  let produced = 0
  let ahead = 0
  const { app } = await startGateway(t, {
    limits: { outboxEvents: 100_000, outboxBytes: 1024 ** 3 },
    services: { feed: { type: 'flood', framing: 'lines', shared: true } },
    connectors: {
      flood: () => new Duplex({
        read () {
          if (produced === CHUNKS * LINES) return
          ahead = Math.max(ahead, produced - app.realtime.metrics().delivered / VIEWERS)
          produced += LINES
          this.push(`${'x'.repeat(40)}\n`.repeat(LINES))
        },
        write: (_chunk, _encoding, done) => done()
      })
    }
  })
  const viewers = Array.from({ length: VIEWERS }, () => app.realtime.inject())
  await Promise.all(viewers.map(viewer => viewer.handshake()))
  await Promise.all(viewers.map(viewer => viewer.subscribe('/service/feed')))
  await until(() => viewers.at(-1)?.received.length === CHUNKS * LINES)
  t.ok(ahead <= 6 * LINES, `${ahead} of ${CHUNKS * LINES} lines ahead`)
})
