/** What crosses with cuts, with moves and with other words between nodes. */
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { localBus } from '../../lib/index.js'
import { inParts, Parts } from '../../lib/nodes/parts.js'
import { startGateway } from '../harness/gateway.js'
import { MutedNode } from '../harness/muted-node.js'
import { startLocalNodes, startNodes } from '../harness/nodes.js'
import { PollClient } from '../harness/poll-client.js'
import { SharedHistory } from '../harness/shared-history.js'
import { SocketClient, type Message } from '../harness/socket-client.js'
import { until, within } from '../harness/until.js'

type Test = { after: (fn: () => unknown) => unknown }

/** The same client, knocking elsewhere. */
function at (url: string, client: PollClient): PollClient {
  const other = new PollClient(url)
  other.cookie = client.cookie
  other.clientId = client.clientId
  return other
}

const connectOf = (clientId: string, advice?: object) => ({ channel: '/meta/connect', clientId, connectionType: 'websocket', ...(advice !== undefined && { advice }) })

/** A socket at a node that carries a session of another one. */
async function socketFor (t: Test, wsUrl: string, client: PollClient): Promise<SocketClient> {
  const socket = await SocketClient.open(t, wsUrl, { headers: { cookie: client.cookie as string } })
  const reply = await socket.ask(connectOf(client.clientId, { timeout: 0 }))
  if (reply.successful !== true) throw new Error(`no connect: ${JSON.stringify(reply)}`)
  return socket
}

t.test('what is published while its node is cut off for a moment waits for a client that polls elsewhere', async t => {
  const [a, b] = await startLocalNodes(t, 2)
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  const away = at(b.url, client)
  const held = away.connect()
  await until(() => a.app.realtime.metrics().heldConnects === 1)
  a.backplane.cut()
  a.app.realtime.publish('/a', 1)
  await immediate()
  a.backplane.mend()
  t.match(await held, [{ channel: '/meta/connect', successful: false, error: /^503:/, advice: { reconnect: 'retry' } }])
  t.match(await back(away), [{ data: 1 }, { successful: true }])
  t.equal(a.app.realtime.metrics().remoteConnections + b.app.realtime.metrics().guests, 0)
})

/** Polls until its session is reached. */
async function back (client: PollClient): Promise<Message[]> {
  let messages: Message[] = []
  await until(async () => {
    messages = await client.connect({ timeout: 0 })
    return messages.at(-1).successful
  }, 'its session is reached')
  return messages
}

t.test('and what its node sends to nobody comes again to who acknowledges', async t => {
  const [a, b] = await startLocalNodes(t, 2)
  const client = new PollClient(a.url)
  const [{ clientId }] = await client.send({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'], ext: { ack: true } })
  client.clientId = clientId
  const away = at(b.url, client)
  const connect = { channel: '/meta/connect', clientId, connectionType: 'long-polling', ext: { ack: 0 } }
  await away.send({ ...connect, advice: { timeout: 0 } })
  await away.ask({ channel: '/meta/subscribe', subscription: '/a' })
  const held = away.send(connect)
  await until(() => a.app.realtime.metrics().heldConnects === 1)
  b.backplane.cut()
  t.match(await held, [{ successful: false, error: /^503:/ }])
  a.app.realtime.publish('/a', 1)
  await until(() => a.app.realtime.metrics().heldConnects === 0)
  b.backplane.mend()
  await until(async () => {
    const messages = await away.send({ ...connect, advice: { timeout: 0 } })
    if (messages.at(-1).successful === true) t.match(messages, [{ data: 1 }, { successful: true, ext: { ack: 1 } }])
    return messages.at(-1).successful
  })
})

for (const who of ['home', 'away'] as const) {
  t.test(`a client with a socket elsewhere is told that nodes were cut off, and goes on: ${who} is cut`, async t => {
    const [a, b] = await startLocalNodes(t, 2)
    const cut = who === 'home' ? a : b
    const client = await new PollClient(a.url).start()
    await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
    const socket = await socketFor(t, b.wsUrl, client)
    a.app.realtime.publish('/a', 0)
    t.match(await socket.next('/a'), { data: 0 })
    cut.backplane.cut()
    await immediate()
    cut.backplane.mend()
    t.match(await socket.next('/meta/connect'), { successful: false, error: /^503:/, clientId: client.clientId, advice: { reconnect: 'retry' } })
    await until(() => a.app.realtime.metrics().remoteConnections === 0)
    a.app.realtime.publish('/a', 1)
    await until(async () => (await socket.ask(connectOf(client.clientId, { timeout: 0 }))).successful)
    t.match(await socket.next('/a'), { data: 1 })
    t.match(await socket.ask({ channel: '/a', clientId: client.clientId, data: 2 }), { successful: true })
    t.match(await socket.next('/a'), { data: 2 })
  })
}

t.test('the bus is away for longer than nodes may be silent: sessions elsewhere are there when it is back', async t => {
  const [a, b] = await startLocalNodes(t, 2, { limits: { nodeBeat: 20, nodeSilence: 500 }, maxInterval: 60_000 })
  const client = await new PollClient(a.url).start()
  const away = at(b.url, client)
  for (const { backplane } of [a, b]) backplane.cut()
  await until(() => [a, b].every(({ app }) => app.realtime.metrics().nodes === 1))
  b.backplane.mend()
  await until(() => b.app.realtime.health().backplane?.ok)
  t.match(await away.connect({ timeout: 0 }), [{ successful: false, error: /^503:/, advice: { reconnect: 'retry' } }], 'nobody knows')
  a.backplane.mend()
  await until(async () => {
    const [reply] = await away.connect({ timeout: 0 })
    if (reply.successful !== true) t.match(reply, { error: /^503:/ })
    return reply.successful
  })
  t.equal(b.app.realtime.metrics().nodes, 2)
})

t.test('a node that does not hear for a moment is not gone', async t => {
  // They gave signs of life as they met, and none since.
  const [a, b] = await startLocalNodes(t, 2, { limits: { nodeBeat: 15_000, nodeSilence: 20_000 } })
  const client = await new PollClient(a.url).start()
  const away = at(b.url, client)
  // Long enough after the bus came that nobody is given time for it.
  a.backplane.cut()
  t.match(await away.connect({ timeout: 0 }), [{ successful: false, error: /^503:/, advice: { reconnect: 'retry' } }])
  a.backplane.mend()
  await back(away)
})

t.test('a node that was only busy for too long and does not know it', async t => {
  const bus = localBus()
  const [a, b] = await startNodes(t, 2, () => new MutedNode(bus.node()), { limits: { nodeBeat: 20, nodeSilence: 200 }, maxInterval: 60_000 })
  const here = await new PollClient(b.url).start()
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  await here.ask({ channel: '/meta/subscribe', subscription: '/a' })
  const away = at(b.url, client)
  const held = away.connect()
  const socket = await socketFor(t, a.wsUrl, here)
  await until(() => a.app.realtime.metrics().heldConnects === 1)
  a.backplane.muted = true
  t.match(await held, [{ successful: false, error: /^402:/, advice: { reconnect: 'handshake' } }])
  a.backplane.muted = false
  await until(() => b.app.realtime.metrics().nodes === 2)
  t.match(await socket.next('/meta/connect'), { successful: false, error: /^503:/, clientId: here.clientId, advice: { reconnect: 'retry' } }, 'its guests are told')
  await until(() => a.app.realtime.metrics().remoteConnections === 0 && a.app.realtime.metrics().heldConnects === 0)
  t.match(await away.connect({ timeout: 0 }), [{ successful: true }], 'whose session it was may have it back')
})

t.test('a node that had no time itself takes nobody for gone', async t => {
  const [a, b] = await startLocalNodes(t, 2, { limits: { nodeBeat: 20, nodeSilence: 200 } })
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  const held = at(b.url, client).connect()
  await until(() => a.app.realtime.metrics().heldConnects === 1)
  for (const end = performance.now() + 500; performance.now() < end;);
  await sleep(50)
  a.app.realtime.publish('/a', 1)
  t.match(await held, [{ data: 1 }, { successful: true }])
})

t.test('a socket at a third node carries a session that has moved', async t => {
  const [a, b, c] = await startLocalNodes(t, 3)
  const client = new PollClient(a.url)
  await client.handshake()
  const first = await socketFor(t, b.wsUrl, client)
  t.equal(b.app.realtime.sessions.has(client.clientId), true)
  t.match(await first.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/a' }), { successful: true })
  first.ws.terminate()
  await until(() => b.app.realtime.sessions.get(client.clientId)?.transport === null)
  const second = await socketFor(t, c.wsUrl, client)
  t.match(await second.ask({ channel: '/a', clientId: client.clientId, data: 1 }), { successful: true })
  t.match(await second.next('/a'), { data: 1 })
  t.equal(c.app.realtime.metrics().guests, 1)
  t.equal(b.app.realtime.metrics().remoteConnections, 1)
  t.equal(a.app.realtime.metrics().remoteConnections, 0)
  second.ws.terminate()
  // What is said first on a socket need not be a connect.
  const third = await SocketClient.open(t, c.wsUrl, { headers: { cookie: client.cookie as string } })
  await until(() => b.app.realtime.sessions.get(client.clientId)?.transport === null)
  t.match(await third.ask({ channel: '/a', clientId: client.clientId, data: 2 }), { successful: true })
  t.match(await third.ask(connectOf(client.clientId, { timeout: 0 })), { successful: true })
  t.match(await third.next('/a'), { data: 2 })
  t.match(await third.ask({ channel: '/a', clientId: client.clientId, data: 3 }), { successful: true })
  t.match(await third.next('/a'), { data: 3 })
})

t.test('who polls for a session that has moved, and goes away, loses nothing', async t => {
  const [a, b, c] = await startLocalNodes(t, 3)
  const client = new PollClient(a.url)
  await client.handshake()
  const socket = await socketFor(t, b.wsUrl, client)
  await socket.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/a' })
  socket.ws.terminate()
  await until(() => b.app.realtime.sessions.get(client.clientId)?.transport === null)
  const gone = new AbortController()
  const body = JSON.stringify([{ channel: '/meta/connect', clientId: client.clientId, connectionType: 'long-polling' }])
  const held = fetch(c.url, { method: 'POST', headers: { 'content-type': 'application/json', cookie: client.cookie as string }, body, signal: gone.signal })
  await until(() => b.app.realtime.metrics().heldConnects === 1)
  gone.abort()
  await t.rejects(held)
  await until(() => b.app.realtime.metrics().heldConnects === 0)
  a.app.realtime.publish('/a', 1)
  await until(() => (b.app.realtime.sessions.get(client.clientId)?.waiting ?? 0) > 0)
  t.match(await at(c.url, client).connect(), [{ data: 1 }, { successful: true }])
})

t.test('a session that got lost on its way to another node is gone, and does not hang', async t => {
  const bus = localBus()
  const [a, b] = await startNodes(t, 2, () => new MutedNode(bus.node()), { limits: { relayTimeout: 200, nodeBeat: 20, nodeSilence: 10_000 } })
  const client = new PollClient(a.url)
  await client.handshake()
  a.backplane.holds = text => text.includes('"adopted"')
  const socket = await SocketClient.open(t, b.wsUrl, { headers: { cookie: client.cookie as string } })
  t.match(await socket.ask(connectOf(client.clientId)), { successful: false, error: /^503:/ })
  t.match(await socket.ask(connectOf(client.clientId)), { successful: false, error: /^402:/, advice: { reconnect: 'handshake' } })
  t.match(await at(b.url, client).connect(), [{ successful: false, error: /^402:/ }])
})

t.test('a session comes to a socket elsewhere while the one before it leaves', async t => {
  const [a, b] = await startLocalNodes(t, 2)
  const one = await new PollClient(a.url).start()
  const two = at(a.url, one)
  await two.start()
  const socket = await socketFor(t, b.wsUrl, one)
  socket.send([{ ...connectOf(two.clientId, { timeout: 0 }), id: 'in' }, { channel: '/meta/disconnect', clientId: one.clientId, id: 'out' }])
  t.match(await socket.next(({ id }) => id === 'out'), { successful: true })
  t.match(await socket.next(({ id }) => id === 'in'), { successful: true })
  t.match(await socket.ask({ channel: '/meta/subscribe', clientId: two.clientId, subscription: '/a' }), { successful: true })
  t.equal(b.app.realtime.metrics().guests, 1)
})

t.test('invented clientIds leave nothing behind', async t => {
  const [a, b] = await startLocalNodes(t, 2, { limits: { handshakeWithoutConnect: 100, nodeBeat: 20, nodeSilence: 10_000 } })
  const name = a.app.realtime.health().backplane?.node as string
  const socket = await SocketClient.open(t, b.wsUrl)
  for (let n = 0; n < 50; n++) {
    t.match(await socket.ask(connectOf(`${'x'.repeat(25)}${String(n).padStart(2, '0')}${name}`)), { successful: false, error: /^402:/ })
  }
  await until(() => a.app.realtime.metrics().remoteConnections === 0 && b.app.realtime.metrics().guests === 0)
  await socket.waitClosed()
  t.equal(socket.closed?.reason, 'unused', 'a socket that no session uses is closed')
})

t.test('a client that may have little on its way', async t => {
  const [a, b] = await startLocalNodes(t, 2, { limits: { clientWaiting: 2000, clientResumed: 1000, outboxEvents: 10_000 } })
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  const socket = await socketFor(t, b.wsUrl, client)
  for (let n = 0; n < 100; n++) {
    a.app.realtime.publish('/a', { n, text: 'x'.repeat(100) })
    await immediate()
  }
  for (let n = 0; n < 100; n++) t.equal((await socket.next('/a')).data.n, n)
  await until(() => (a.app.realtime.sessions.get(client.clientId)?.waiting ?? 0) <= 1000, 'its services are not paused for ever')
})

t.test('a socket that is not read for a session elsewhere is read again when that is gone', async t => {
  const [a, b] = await startLocalNodes(t, 2, { policy: { canSubscribe: () => new Promise(() => {}) }, limits: { lane: 1, nodeBeat: 20, nodeSilence: 200 } })
  const client = await new PollClient(a.url).start()
  const socket = await socketFor(t, b.wsUrl, client)
  for (let n = 0; n < 5; n++) socket.send([{ channel: '/meta/subscribe', clientId: client.clientId, subscription: `/a/${n}` }])
  await until(() => a.app.realtime.metrics().lanePauses > 0)
  a.backplane.cut()
  t.match(await socket.next('/meta/connect'), { successful: false, error: /^402:/ })
  const id = 'anew'
  socket.send([{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'], id }])
  t.match(await socket.next(reply => reply.id === id), { successful: true })
})

t.test('parts of words, some of which are missing', async t => {
  const parts = new Parts()
  const take = (texts: string[]) => texts.map(text => parts.take(text)).filter(text => text !== null)
  const word = (number: number, letter: string) => inParts('node', number, letter.repeat(100), 64 + 3 * 40)
  t.strictSame(take(word(1, 'a')), ['a'.repeat(100)])
  t.strictSame(take(word(2, 'b').slice(0, 2)), [])
  t.strictSame(take(word(3, 'c')), ['c'.repeat(100)], 'the end of one before is missing')
  t.strictSame(take([...word(4, 'd').slice(0, 1), ...word(5, 'e').slice(1)]), [], 'the beginning is missing')
  t.strictSame(take(['{}', ...word(6, 'f')]), ['{}', 'f'.repeat(100)])
})

t.test('who subscribes while a node makes good what it has missed misses nothing', async t => {
  const bus = localBus()
  const places = [bus.node(), bus.node()] as const
  const [a, b] = await startNodes(t, 2, index => new MutedNode(places[index] as typeof places[0]), { limits: { nodeBeat: 20, nodeSilence: 10_000 } })
  const client = b.app.realtime.inject()
  await client.handshake()
  await client.subscribe('/old')
  places[1].cut()
  a.app.realtime.publish('/old', 1)
  b.backplane.holds = text => text.includes('"ask"')
  places[1].mend()
  await until(() => b.backplane.held === 1, 'it asks for what it is interested in now')
  await client.subscribe('/new')
  for (const [channel, data] of [['/new', 2], ['/old', 3], ['/new', 4]] as const) a.app.realtime.publish(channel, data)
  for (let turn = 0; turn < 5; turn++) await immediate()
  t.strictSame(client.received.map(({ data }) => data), [], 'nothing before what was missed')
  b.backplane.release()
  for (const data of [1, 2, 3, 4]) t.match(await client.next(), { data })
  a.app.realtime.publish('/new', 5)
  t.match(await client.next(), { data: 5 })
})

t.test('what a node has published that began while another was cut off', async t => {
  const bus = localBus()
  const [a] = await startNodes(t, 1, () => bus.node(), { limits: { nodeBeat: 20 } })
  const client = a.app.realtime.inject()
  await client.handshake()
  await client.subscribe('/a')
  a.backplane.cut()
  const place = bus.node()
  const b = await startGateway(t, { backplane: place, limits: { nodeBeat: 20 } })
  for (const data of [1, 2]) b.app.realtime.publish('/a', data)
  a.backplane.mend()
  for (const data of [1, 2]) t.match(await within(client.next(), `event ${data}`), { data })
  b.app.realtime.publish('/a', 3)
  t.match(await client.next(), { data: 3 })
})

t.test('an interest does not end between its announcement and the subscription', async t => {
  const history = new SharedHistory(async what => { if (what === 'since') await sleep(200) })
  const [, b] = await startLocalNodes(t, 2, { history, channels: { '/h/*': { history: { size: 10 } } }, limits: { nodeBeat: 10, interestLinger: 100, nodeSilence: 10_000 } })
  const client = b.app.realtime.inject()
  await client.handshake()
  let announced = 0
  let known = 0
  const { interest } = b.backplane
  b.backplane.interest = async (name, on) => {
    if (on) announced++
    await interest.call(b.backplane, name, on)
    await sleep(20)
    if (on) known++
  }
  await client.subscribe('/h/x')
  t.ok(announced > 1, 'it ended meanwhile')
  t.equal(known, announced, 'and was waited for again')
})

t.test('what a node has kept and not said any more is heard all the same', async t => {
  const history = new SharedHistory()
  const channels = { '/h/*': { history: { size: 100 } } }
  const [a, b] = await startLocalNodes(t, 2, { history, channels, limits: { nodeBeat: 20, nodeSilence: 200, backplaneEvents: 1 } })
  const client = b.app.realtime.inject()
  await client.handshake()
  await client.subscribe('/h/x')
  const publisher = a.app.realtime.inject()
  await publisher.handshake()
  await publisher.publish('/h/x', 0)
  t.match(await client.next(), { data: 0 })
  a.backplane.cut()
  for (const data of [1, 2]) await publisher.publish('/h/x', data)
  // Nobody will ever say more of that channel.
  for (const data of [1, 2]) t.match(await client.next(), { data }, 'its node is gone')
  for (const data of [3, 4]) await publisher.publish('/h/x', data)
  a.backplane.mend()
  for (const data of [3, 4]) t.match(await client.next(), { data }, 'its node is back, and has forgotten what it could not say')
})

t.test('a fresh identity reaches a session elsewhere, and a foreign one does not', async t => {
  const identities: unknown[] = []
  const [a, b] = await startLocalNodes(t, 2, {
    authenticate: () => ({ name: 'ada', until: 1 }),
    renew: (_request, { ext }) => (ext as { token?: { name: string, until: number } } | undefined)?.token,
    sameIdentity: (one, other) => (one as { name: string }).name === (other as { name: string }).name,
    identityExpires: identity => {
      identities.push(identity)
      return null
    }
  })
  const client = await new PollClient(a.url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/a' })
  const socket = await SocketClient.open(t, b.wsUrl, { headers: { cookie: client.cookie as string } })
  const connect = (token: object) => socket.ask({ ...connectOf(client.clientId, { timeout: 0 }), ext: { token } })
  // What comes first proves nothing.
  t.match(await socket.ask({ channel: '/a', clientId: client.clientId, data: 1 }), { successful: true })
  t.match(await connect({ name: 'bob', until: 2 }), { successful: false, error: /^402:/ })
  for (const until of [2, 3]) t.match(await connect({ name: 'ada', until }), { successful: true })
  t.strictSame(identities.at(-1), { name: 'ada', until: 3 })
  t.match(await connect({ name: 'bob', until: 4 }), { successful: false, error: /^402:/ })
})

t.test('a call to a client elsewhere ends when its node is cut off, however long it may take', async t => {
  const [a, b] = await startLocalNodes(t, 2, { limits: { nodeBeat: 20, nodeSilence: 10_000 } })
  const client = await SocketClient.connect(t, a.wsUrl)
  const called = () => client.next(({ channel, data }) => channel === '/service/rpc' && data !== undefined)
  const waiting = b.app.realtime.session(client.clientId)?.call('never', undefined, { timeout: Infinity }) as Promise<unknown>
  await called()
  b.backplane.cut()
  await t.rejects(waiting, { code: 'FST_BAYEUX_CALL_ENDED' })
  b.backplane.mend()
  await until(() => a.app.realtime.metrics().clientCallsOpen === 0, 'nobody waits for it')
})
