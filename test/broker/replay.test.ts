/** History and replay (docs/channels.md; docs/protocol.md, section 9). */
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { EventMessage, History, InjectedClient, RealtimeOptions } from '../../lib/index.js'
import { DistantHistory } from '../harness/distant-history.js'
import { startGateway, type Gateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient, type Message } from '../harness/socket-client.js'
import { until, within } from '../harness/until.js'

const gone = (id: unknown) => `400::The replayId {${JSON.stringify(id)}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.`

async function join ({ app }: Gateway): Promise<InjectedClient> {
  const client = app.realtime.inject()
  await client.handshake()
  return client
}

const subscribe = (client: { send (message: Record<string, unknown>): Promise<any> }, subscription: string | string[], replay?: unknown) =>
  client.send({ channel: '/meta/subscribe', subscription, ...(replay !== undefined && { ext: { replay } }) })

/** Takes so many events, and says what they bring. */
async function take (client: InjectedClient, count: number): Promise<any[]> {
  const data: unknown[] = []
  while (data.length < count) data.push((await client.next()).data)
  return data
}

/** A promise that a test settles. */
function gate () {
  let open = () => {}
  let fail = (_error: Error) => {}
  const opened = new Promise<void>((resolve, reject) => { [open, fail] = [resolve, reject] })
  opened.catch(() => {})
  return { open, fail, opened }
}

const kept: RealtimeOptions = { channels: { '/chat/*': { history: { size: 5 } }, '/state/**': { retain: true }, '/topic/*': { history: {}, replay: 'salesforce' } } }

t.test('the handshake tells that events can be replayed, where they can', async t => {
  const some = await startGateway(t, kept)
  t.strictSame((await some.app.realtime.inject().handshake()).ext, { replay: true }, 'asked for or not: clients wait for it')
  t.strictSame((await some.app.realtime.inject().handshake({ replay: true })).ext, { replay: true })
  const none = await startGateway(t, { channels: { '/a': {} } })
  t.equal((await none.app.realtime.inject().handshake({ replay: true })).ext, undefined)
})

t.test('all that is kept, what came after an event, only what is new', async t => {
  const gateway = await startGateway(t, kept)
  const { realtime } = gateway.app
  const live = await join(gateway)
  await subscribe(live, '/chat/a')
  for (let n = 1; n <= 7; n++) realtime.publish('/chat/a', n)
  const events: EventMessage[] = []
  while (events.length < 7) events.push(await live.next())
  t.strictSame(events.map(({ data }) => data), [1, 2, 3, 4, 5, 6, 7])
  const ids = events.map(({ ext }) => ext?.replayId as number)
  t.ok(ids.every((id, index) => Number.isSafeInteger(id) && (index === 0 || id > (ids[index - 1] as number))))

  for (const [from, expected] of [[-2, [3, 4, 5, 6, 7]], [ids[4], [6, 7]], [ids[1], [3, 4, 5, 6, 7]], [ids[6], []], [-1, []]] as const) {
    const client = await join(gateway)
    const reply = await subscribe(client, '/chat/a', { '/chat/a': from, '/chat/b': 99, '/other': 'ignored' })
    t.match(reply, { successful: true, subscription: '/chat/a' }, `from ${from}`)
    t.strictSame(reply.ext, expected.length === 0 ? { replay: { '/chat/a': ids[6] } } : undefined, 'where there is nothing to replay it says where it stands')
    t.strictSame(await take(client, expected.length), expected)
    await client.subscribe('/end')
    t.strictSame(client.received, [])
  }
  realtime.publish('/chat/a', 'live', { ext: { from: 'me' }, id: 'x' })
  t.match(await live.next(), { data: 'live', id: 'x', ext: { from: 'me', replayId: Number } })
  const late = await join(gateway)
  await subscribe(late, '/chat/a', { '/chat/a': ids[6] })
  const [replayed, heard] = [await late.next(), realtime.metrics()]
  t.match(replayed, { channel: '/chat/a', data: 'live', id: 'x', ext: { from: 'me', replayId: Number } })
  t.equal(heard.replayed, 5 + 2 + 5 + 1)
})

t.test('an id that is no longer kept, or never was given, is refused in words that clients know', async t => {
  const gateway = await startGateway(t, kept)
  const client = await join(gateway)
  await subscribe(client, '/chat/a')
  for (let n = 1; n <= 7; n++) gateway.app.realtime.publish('/chat/a', n)
  const first = (await client.next()).ext?.replayId as number
  const other = await join(gateway)
  for (const id of [first, first + 1000, 0, 5, -3, 1.5, 1e300, '5', true, { x: 1 }, []]) {
    const reply = await subscribe(other, '/chat/a', { '/chat/a': id })
    t.match(reply, { successful: false, subscription: '/chat/a', error: gone(id) })
  }
  t.equal((await subscribe(other, '/chat/a', { '/chat/a': 'x'.repeat(1000) })).error.length, gone('').length - 2 + 40)
  t.match(await subscribe(other, '/none', { '/none': 5 }), { successful: false, error: gone(5) }, 'a channel without a history')
  t.match(await subscribe(other, '/chat/*', { '/chat/*': 5 }), { successful: false, error: /^400:\/chat\/\*:Ids count within a channel/ })
  for (const nothing of [{ '/none': -1 }, { '/none': -2 }, { '/chat/a': null }, {}, null, 5, true]) t.match(await subscribe(other, '/none', nothing), { successful: true })
  t.strictSame([...[...gateway.app.realtime.sessions.values()].at(-1)?.subscriptions ?? []], ['/none'])
  const without = await startGateway(t)
  const last = await join(without)
  t.match(await subscribe(last, '/a', { '/a': 5 }), { successful: false, error: gone(5) }, 'a gateway without any')
  t.match(await subscribe(last, '/a', { '/a': -2 }), { successful: true })
})

t.test('salesforce: the id is in data.event too, live and replayed, where there is room', async t => {
  const gateway = await startGateway(t, kept)
  const live = await join(gateway)
  await subscribe(live, '/topic/a')
  const all = [{ payload: 'x' }, { event: { type: 'created' }, sobject: 1 }, { event: 'taken' }, 'text', [1], null]
  for (const data of all) gateway.app.realtime.publish('/topic/a', data)
  const replayed = await join(gateway)
  await subscribe(replayed, '/topic/a', { '/topic/a': -2 })
  for (const client of [live, replayed]) {
    const got: Message[] = []
    while (got.length < all.length) got.push(await client.next())
    const ids = got.map(({ ext }) => ext.replayId)
    t.strictSame(got.map(({ data }) => data), [
      { payload: 'x', event: { replayId: ids[0] } }, { event: { type: 'created', replayId: ids[1] }, sobject: 1 }, { event: 'taken' }, 'text', [1], null
    ])
  }
})

t.test('retain: who subscribes gets the last without asking, once', async t => {
  const gateway = await startGateway(t, { channels: { ...kept.channels, '/board': { retain: true, history: { size: 3 } } } })
  const { realtime } = gateway.app
  for (const channel of ['/state/a', '/state/b/c', '/board', '/chat/x']) for (let n = 1; n <= 5; n++) realtime.publish(channel, `${channel} ${n}`)
  const client = await join(gateway)
  await subscribe(client, '/state/a')
  t.strictSame(await take(client, 1), ['/state/a 5'])
  await subscribe(client, '/state/a')
  await subscribe(client, '/board')
  t.strictSame(await take(client, 3), ['/board 3', '/board 4', '/board 5'], 'all of a history, and the second subscribe brought nothing')
  await client.unsubscribe('/state/a')
  await subscribe(client, '/state/a', { '/state/a': -1 })
  await subscribe(client, '/state/**')
  t.strictSame((await take(client, 2)).sort(), ['/state/a 5', '/state/b/c 5'])
  const all = await join(gateway)
  await subscribe(all, '/**')
  t.strictSame((await take(all, 5)).sort(), ['/board 3', '/board 4', '/board 5', '/state/a 5', '/state/b/c 5'], 'of each channel that says so')
  await subscribe(all, '/nothing/*')
  realtime.publish('/state/a', 'live')
  t.strictSame(await take(all, 1), ['live'])
})

t.test('a pattern: all that is kept of each channel under it', async t => {
  const gateway = await startGateway(t, kept)
  const { realtime } = gateway.app
  for (let n = 1; n <= 6; n++) for (const channel of ['/chat/a', '/chat/b', '/state/a', '/chat/a/deep']) realtime.publish(channel, n)
  const heard = async (pattern: string, from: number, count: number) => {
    const client = await join(gateway)
    t.match(await subscribe(client, pattern, { [pattern]: from }), { successful: true })
    const by: Record<string, unknown[]> = {}
    for (let n = 0; n < count; n++) {
      const { channel, data } = await client.next()
      ;(by[channel] ??= []).push(data)
    }
    await client.subscribe('/end')
    t.strictSame(client.received, [])
    return by
  }
  t.strictSame(await heard('/chat/*', -2, 10), { '/chat/a': [2, 3, 4, 5, 6], '/chat/b': [2, 3, 4, 5, 6] })
  t.strictSame(await heard('/**', -2, 11), { '/chat/a': [2, 3, 4, 5, 6], '/chat/b': [2, 3, 4, 5, 6], '/state/a': [6] })
  t.strictSame(await heard('/chat/*', -1, 0), {})
  t.strictSame(await heard('/state/*', -1, 0), {}, 'who asks for nothing old gets nothing that is retained')
})

for (const transport of ['websocket', 'long-polling', 'websocket with ack', 'long-polling with ack'] as const) {
  t.test(`over ${transport}: the reply, then the past, then what is live`, t => inOrder(t, transport))
}

async function inOrder (t: Test, transport: string): Promise<void> {
  const gateway = await startGateway(t, { channels: { '/chat/*': { history: { size: 1000 } } }, limits: { clientWaiting: 2000, clientResumed: 500 } })
  const { realtime } = gateway.app
  for (let n = 0; n < 500; n++) realtime.publish('/chat/a', n)
  const [way, ack] = transport.split(' with ')
  const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: [way], ext: ack === undefined ? {} : { ack: true } }
  const seen: Message[] = []
  const data = () => seen.filter(({ channel }) => channel === '/chat/a').map(each => each.data)
  if (way === 'websocket') {
    const client = await SocketClient.open(t, gateway.wsUrl)
    const { clientId } = await client.ask(handshake)
    let batch = 0
    const connect = async () => {
      const { ext } = await client.ask({ channel: '/meta/connect', clientId, connectionType: way, advice: { timeout: 0 }, ext: { ack: batch } })
      batch = ext?.ack
      seen.push(...client.messages.splice(0))
    }
    await connect()
    client.send([{ channel: '/meta/subscribe', clientId, subscription: '/chat/a', ext: { replay: { '/chat/a': -2 } } }])
    for (let n = 500; n < 600; n++) {
      realtime.publish('/chat/a', n)
      if (n % 10 === 0) await turn()
    }
    await until(async () => {
      await connect()
      return data().length >= 600
    }, 'all of them')
    t.match(seen[0], { channel: '/meta/subscribe', successful: true })
  } else {
    const client = new PollClient(gateway.url)
    const [{ clientId }] = await client.send(handshake)
    let batch = 0
    const connect = async () => {
      const messages = await client.send({ channel: '/meta/connect', clientId, connectionType: way, advice: { timeout: 0 }, ext: { ack: batch } })
      batch = messages.at(-1).ext?.ack
      seen.push(...messages)
    }
    await connect()
    t.match(await client.send({ channel: '/meta/subscribe', clientId, subscription: '/chat/a', ext: { replay: { '/chat/a': -2 } } }), [{ successful: true }])
    for (let n = 500; n < 600; n++) {
      realtime.publish('/chat/a', n)
      if (n % 10 === 0) await connect()
    }
    await until(async () => {
      await connect()
      return data().length >= 600
    }, 'all of them')
  }
  t.strictSame(data(), Array.from({ length: 600 }, (_, n) => n))
  t.match(realtime.metrics(), { overflowed: 0, replayed: Number })
}

t.test('a client that reads slowly is given the past as fast as it reads, and costs no memory meanwhile', async t => {
  const gateway = await startGateway(t, { channels: { '/big': { history: { size: 2000 } } }, limits: { outboxBytes: 500_000, outboxEvents: 100 } })
  const { realtime } = gateway.app
  for (let n = 0; n < 2000; n++) realtime.publish('/big', { n, text: 'x'.repeat(5000) })
  const client = await new PollClient(gateway.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/big', ext: { replay: { '/big': -2 } } })
  const numbers: number[] = []
  let largest = 0
  for (let polls = 0; numbers.length < 2100; polls++) {
    const messages = await client.connect({ timeout: 0 })
    largest = Math.max(largest, JSON.stringify(messages).length)
    for (const { data } of messages.slice(0, -1)) numbers.push(data.n)
    if (polls < 20) for (let n = 0; n < 5; n++) realtime.publish('/big', { n: 2000 + polls * 5 + n })
  }
  t.strictSame(numbers, Array.from({ length: 2100 }, (_, n) => n).slice(2100 - numbers.length), 'in order, and no gap')
  t.ok(largest < 300_000, `${largest} bytes at once`)
  t.match(realtime.metrics(), { overflowed: 0, sessions: 1 })
})

for (const overflow of ['disconnect', 'drop-oldest'] as const) {
  t.test(`a history that drops what a slow client does not have yet: ${overflow}`, async t => {
    const gateway = await startGateway(t, { channels: { '/big': { history: { size: 300 }, overflow } }, limits: { clientWaiting: 10_000, clientResumed: 100 } })
    const { realtime } = gateway.app
    const publish = (from: number, to: number) => { for (let n = from; n < to; n++) realtime.publish('/big', { n, text: 'x'.repeat(1000) }) }
    publish(0, 300)
    const client = await new PollClient(gateway.url).start()
    await client.ask({ channel: '/meta/subscribe', subscription: '/big', ext: { replay: { '/big': -2 } } })
    publish(300, 900)
    const numbers: number[] = []
    let last: Message
    for (let polls = 0; polls < 100; polls++) {
      const messages = await client.connect({ timeout: 0 })
      last = messages.pop()
      for (const { data } of messages) numbers.push(data.n)
      if (!last.successful) break
    }
    t.strictSame(numbers, [...numbers].sort((one, other) => one - other), 'in order')
    if (overflow === 'disconnect') {
      t.match(last, { successful: false, error: /^413:/, advice: { reconnect: 'handshake' } })
      t.match(realtime.metrics(), { overflowed: 1, sessions: 0 })
    } else {
      t.equal(numbers.at(-1), 899)
      t.strictSame(numbers.slice(-300), Array.from({ length: 300 }, (_, n) => 600 + n), 'all that was kept in the end')
      t.match(realtime.metrics(), { overflowed: 0, sessions: 1, dropped: 1 })
    }
  })
}

t.test('who unsubscribes or leaves ends its replay', async t => {
  const gateway = await startGateway(t, { channels: { '/big': { history: { size: 300 } } }, limits: { clientWaiting: 10_000, clientResumed: 100 } })
  for (let n = 0; n < 300; n++) gateway.app.realtime.publish('/big', { n, text: 'x'.repeat(1000) })
  const [one, two] = [await new PollClient(gateway.url).start(), await new PollClient(gateway.url).start()]
  for (const client of [one, two]) await client.ask({ channel: '/meta/subscribe', subscription: '/big', ext: { replay: { '/big': -2 } } })
  await one.ask({ channel: '/meta/unsubscribe', subscription: '/big' })
  await two.ask({ channel: '/meta/disconnect' })
  const got = (await one.connect({ timeout: 0 })).length - 1
  t.ok(got > 0 && got < 50)
  gateway.app.realtime.publish('/big', 'more')
  t.strictSame(await one.connect({ timeout: 0 }).then(messages => messages.length), 1)
  t.equal(gateway.app.realtime.metrics().replayed, got * 2)
})

t.test('an event is made once, however many it is replayed to', async t => {
  const gateway = await startGateway(t, kept)
  for (let n = 0; n < 5; n++) gateway.app.realtime.publish('/chat/a', n)
  const clients = await Promise.all(Array.from({ length: 20 }, () => join(gateway)))
  const { stringify } = JSON
  let made = 0
  JSON.stringify = ((value: any, ...rest: []) => {
    if (value?.ext?.replayId !== undefined) made++
    return stringify(value, ...rest)
  }) as typeof stringify
  t.teardown(() => { JSON.stringify = stringify })
  for (const client of clients) {
    await subscribe(client, '/chat/a', { '/chat/a': -2 })
    t.strictSame(await take(client, 5), [0, 1, 2, 3, 4])
  }
  t.equal(made, 5)
})

// A history that takes its time

t.test('a publish is acknowledged when it is kept, and ids and order agree however long that takes', async t => {
  const ways: ReturnType<typeof gate>[] = []
  const history = new DistantHistory(what => {
    if (what !== 'appended') return Promise.resolve()
    const way = gate()
    ways.push(way)
    return way.opened
  })
  const gateway = await startGateway(t, { channels: { '/a': { history: {} } }, history })
  const [one, two, listener] = [await join(gateway), await join(gateway), await join(gateway)]
  await subscribe(listener, '/a')
  let acknowledged = 0
  const publish = (client: InjectedClient, data: unknown) => client.publish('/a', data).then(reply => {
    acknowledged++
    return reply
  })
  const replies = [publish(one, 'one'), publish(two, 'two')]
  gateway.app.realtime.publish('/a', 'three')
  await until(() => ways.length === 1)
  for (let n = 0; n < 10; n++) await turn()
  t.equal(ways.length, 1, 'one after the other')
  t.equal(acknowledged, 0)
  t.strictSame(listener.received, [])
  for (let n = 0; n < 4; n++) {
    await until(() => ways.length > n)
    for (let n = 0; n < 10; n++) await turn()
    t.equal(ways.length, n + 1, 'never two at once')
    ways[n]?.open()
    const { data, ext } = await listener.next()
    t.strictSame([data, ext], [['one', 'two', 'three', 'four'][n], { replayId: 3 * (n + 1) }])
    if (n === 0) gateway.app.realtime.publish('/a', 'four')
  }
  t.match(await Promise.all(replies), [{ successful: true }, { successful: true }])
  await gateway.app.close()
  t.ok(history.closed)
})

t.test('what cannot be kept is answered 503 and delivered to nobody; the next one is kept', async t => {
  let broken = true
  const lines: string[] = []
  const history = new DistantHistory(async what => {
    if (broken && what === 'append') throw new Error('secret detail')
  })
  const gateway = await startGateway(t, { channels: { '/a': { history: {} } }, history }, { fastify: { logger: { level: 'error', stream: { write: (line: string) => { lines.push(line) } } } } as never })
  const client = await join(gateway)
  await subscribe(client, '/a')
  t.match(await client.publish('/a', 'lost'), { successful: false, error: '503:/a:The history is not available' })
  gateway.app.realtime.publish('/a', 'lost too')
  await until(() => lines.some(line => line.includes('an event of the application was not published')))
  t.ok(lines.some(line => line.includes('secret detail') && line.includes('could not be kept')))
  broken = false
  t.match(await client.publish('/a', 'kept'), { successful: true })
  t.match(await client.next(), { data: 'kept' })
  t.strictSame(client.received, [])
  const sync = await startGateway(t, { channels: { '/a': { history: {} } }, history: { ...broke(), append: () => { throw new Error('at once') } } })
  t.match(await (await join(sync)).publish('/a', 1), { successful: false, error: /^503:/ })
})

function broke (): History {
  return { append: () => 1, since: () => ({ events: [], last: 0 }), channels: () => [], close: () => { throw new Error('on purpose') } }
}

t.test('events that wait for a history are bounded', async t => {
  const { open, opened } = gate()
  const gateway = await startGateway(t, { channels: { '/a': { history: {} } }, history: new DistantHistory(() => opened), limits: { lane: 3 }, policy: { canPublishWithoutSession: () => true } })
  const client = new PollClient(gateway.url)
  const asked = client.send(...[1, 2, 3, 4, 5, 6].map(id => ({ channel: '/a', data: id, id })))
  await until(() => (gateway.app.realtime.metrics().refused[503] ?? 0) > 0)
  open()
  t.strictSame((await asked).map(({ error }) => error?.slice(0, 3) ?? 'ok'), ['ok', 'ok', 'ok', 'ok', '503', '503'])
})

t.test('what is published while a replay is read waits, and is not doubled', async t => {
  const reading = gate()
  const appended = gate()
  let slow = false
  const history = new DistantHistory(what => slow && what === 'read' ? reading.opened : slow && what === 'appended' ? appended.opened : Promise.resolve())
  const gateway = await startGateway(t, { channels: { '/a': { history: {} } }, history })
  const client = await join(gateway)
  const publisher = await join(gateway)
  await subscribe(client, '/*')
  await publisher.publish('/a', 1)
  t.strictSame(await take(client, 1), [1])
  await subscribe(client, '/a', { '/a': -1 })
  await client.subscribe('/end')
  slow = true
  // This one is in the store, and on its way to nobody yet.
  const two = publisher.publish('/a', 2)
  const answered = subscribe(client, '/a', { '/a': -2 })
  reading.open()
  t.match(await answered, { successful: true })
  t.strictSame(await take(client, 2), [1, 2], 'the replay brings it')
  appended.open()
  await two
  await publisher.publish('/a', 3)
  t.strictSame(await take(client, 1), [3], 'and it does not come again')
  t.strictSame(client.received, [])
})

t.test('a history that cannot be read: the subscribe is refused, or the session ends so that its client comes back', async t => {
  let fails = ''
  const history = new DistantHistory(async what => {
    if (what === fails) throw new Error('secret detail')
  })
  const gateway = await startGateway(t, { channels: { '/a': { history: {} } }, history })
  const client = await join(gateway)
  await client.publish('/a', 1)
  fails = 'since'
  t.match(await subscribe(client, '/a', { '/a': -2 }), { successful: false, error: '503:/a:The history is not available' })
  const reasons: string[] = []
  gateway.app.realtime.on('disconnect', (_session, reason) => reasons.push(reason))
  fails = 'channels'
  t.match(await subscribe(client, '/*', { '/*': -2 }), { successful: true })
  t.match(await client.next(), { channel: '/meta/connect', successful: false, error: '503:/*:The history is not available', advice: { reconnect: 'handshake', interval: 5000 } })
  t.strictSame(reasons, ['failed'])
  const sync = await startGateway(t, { channels: { '/a': { history: {} } }, history: { ...broke(), since: () => { throw new Error('at once') } } })
  t.match(await subscribe(await join(sync), '/a', { '/a': -2 }), { successful: false, error: /^503:/ })
})

t.test('a replay that nobody waits for any more fails for nobody', async t => {
  const { fail, opened } = gate()
  const gateway = await startGateway(t, { channels: { '/a': { history: {} } }, history: new DistantHistory(what => what === 'channels' ? opened : Promise.resolve()) })
  const client = await join(gateway)
  t.match(await subscribe(client, '/*', { '/*': -2 }), { successful: true })
  await client.unsubscribe('/*')
  fail(new Error('too late'))
  for (let n = 0; n < 5; n++) await turn()
  t.match(await client.publish('/a', 1), { successful: true })
})

t.test('a session that is over before its replay is read, and one that asks again', async t => {
  const { open, opened } = gate()
  let slow = false
  const gateway = await startGateway(t, { channels: { '/a': { history: {} } }, history: new DistantHistory(() => slow ? opened : Promise.resolve()) })
  const [one, two] = [await join(gateway), await join(gateway)]
  await one.publish('/a', 1)
  slow = true
  const asked = subscribe(one, '/a', { '/a': -2 })
  const again = [subscribe(two, '/a', { '/a': -2 }), subscribe(two, '/a', { '/a': -2 })]
  gateway.app.realtime.sessions.get(one.clientId)?.disconnect()
  open()
  t.match(await asked, { successful: false, error: /^402:/ })
  t.match(await Promise.all(again), [{ successful: true }, { successful: true }])
  slow = false
  await two.publish('/a', 2)
  const got: unknown[] = []
  while (got.at(-1) !== 2) got.push(...await take(two, 1))
  t.match(got.join(' '), /^1 (1 )?2$/, 'who asks twice may get it twice')
  t.equal(gateway.app.realtime.metrics().subscriptions, 1)
})

for (const ack of [false, true]) {
  t.test(`what waits of a subscription that begins anew comes once, ${ack ? 'with' : 'without'} ack`, async t => {
    const { app, url } = await startGateway(t, { ...kept, limits: { clientWaiting: 20_000, clientResumed: 5000 } })
    const client = new PollClient(url)
    const [{ clientId }] = await client.send({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'], ext: { ack } })
    client.clientId = clientId
    const begin = (subscription: string, from?: number) => client.ask({ channel: '/meta/subscribe', subscription, ...(from !== undefined && { ext: { replay: { [subscription]: from } } }) })
    let acknowledged = 0
    const hear = async () => {
      const messages = await within(client.send({ channel: '/meta/connect', clientId, connectionType: 'long-polling', ext: { ack: acknowledged } }), 'an answer')
      acknowledged = messages.at(-1).ext?.ack
      return messages.flatMap(({ data }) => data === undefined ? [] : [data])
    }
    const publish = (...data: unknown[]) => data.forEach(each => app.realtime.publish('/chat/a', each))

    await client.connect({ timeout: 0 })
    await begin('/chat/a')
    publish(1, 2)
    if (ack) {
      t.strictSame(await hear(), [1, 2])
      acknowledged = 0
    }
    publish(3)
    await begin('/chat/a', -2)
    publish(4)
    t.strictSame(await hear(), [1, 2, 3, 4])

    // As much as waits for the client to read on.
    const big = ['a', 'b', 'c'].map(each => each.repeat(15_000))
    for (const each of big) app.realtime.publish('/chat/b', each)
    await begin('/chat/b', -2)
    await begin('/chat/b', -2)
    const heard: unknown[] = []
    while (heard.length < 3) heard.push(...await hear())
    t.strictSame(heard, big)

    await begin('/chat/*')
    publish(5)
    await begin('/chat/a', -1)
    t.strictSame(await hear(), [5], 'another subscription hears it')
  })
}
