/** Clients that knock at any node, through a balancer without stickiness: sessions, proofs and links stay what they are. */
import { AckExtension } from 'cometd'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { onEachBus, type RealBus } from '../harness/buses.js'
import { handshake, makeCometd, publish, subscribe } from '../harness/cometd-client.js'
import { fayeEar, ownEar, type Ear } from '../harness/ears.js'
import { startNodes } from '../harness/nodes.js'
import { PollClient } from '../harness/poll-client.js'
import { startRoundRobinProxy } from '../harness/round-robin-proxy.js'
import { SocketClient } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

async function startBehindProxy (t: Test, bus: RealBus, options: RealtimeOptions = {}) {
  const memberships = [await bus.join(t), await bus.join(t), await bus.join(t)] as const
  const nodes = await startNodes(t, 3, index => (memberships[index] as typeof memberships[0]).backplane, { maxInterval: 60_000, ...options })
  const proxy = await startRoundRobinProxy(t, nodes.map(({ url }) => url))
  const sessions = () => nodes.flatMap(({ app }) => [...app.realtime.sessions.keys()])
  const sum = (name: 'guests' | 'remoteConnections' | 'heldConnects' | 'pollsDeclined' | 'relayed' | 'adopted') => nodes.reduce((sum, { app }) => sum + app.realtime.metrics()[name], 0)
  return { nodes, proxy, sessions, sum }
}

/** A client that comes back at another node, as often as there are nodes. */
async function roams (t: Test, bus: RealBus, cookies: 'none' | 'jar'): Promise<void> {
  const service = await startTcpService(t)
  const { nodes, proxy, sessions, sum } = await startBehindProxy(t, bus, { services: { echo: { type: 'tcp', domain: '127.0.0.1', port: service.port, framing: 'lines' } } })
  const client = makeCometd(t, proxy.url, { transport: 'websocket', cookies, maxNetworkDelay: 5000 })
  client.registerExtension('ack', new AckExtension())
  const heard: unknown[] = []
  const said: unknown[] = []
  const { clientId } = await handshake(client)
  await subscribe(client, '/news/*', ({ data }) => heard.push(data))
  await subscribe(client, '/service/echo', ({ data }) => said.push(data), { data: 'hello' })
  for (let time = 0; time < 4; time++) {
    proxy.cut()
    for (const [index, { app }] of nodes.entries()) app.realtime.publish('/news/today', `${time} ${index}`)
    await until(() => heard.length === 3 * (time + 1), 'what was published meanwhile')
    service.sockets[0]?.write(`${time}\n`)
    await until(() => said.length === time + 1, 'the service is heard')
    t.match(await publish(client, '/service/echo', `here ${time}`), { successful: true })
  }
  t.ok(sum('relayed') > 0, 'it was elsewhere')
  await until(() => service.received[0] === `hello\n${[0, 1, 2, 3].map(time => `here ${time}\n`).join('')}`, 'the service hears it')
  t.strictSame(new Set(heard), new Set([0, 1, 2, 3].flatMap(time => [0, 1, 2].map(index => `${time} ${index}`))), 'nothing lost, nothing doubled')
  t.equal(heard.length, 12)
  t.strictSame(said, ['0', '1', '2', '3'])
  t.equal(client.getClientId(), clientId, 'the session is the same')
  t.strictSame(sessions(), [clientId], 'and the only one')
  t.equal(service.sockets.length, 1, 'the conversation is the same')
}

async function otherMakesRoam (t: Test, bus: RealBus): Promise<void> {
  const { nodes, proxy } = await startBehindProxy(t, bus)
  const ears: Ear[] = [await fayeEar(t, proxy.url, 'websocket'), await ownEar(t, proxy.url, 'websocket', { ack: true })]
  for (const ear of ears) {
    await ear.subscribe('/news')
    const before = ear.clientId()
    for (let time = 0; time < 4; time++) {
      proxy.cut()
      // What is on its way just then is told to be lost.
      await until(() => ear.publish('/elsewhere', time).then(() => true, () => false), 'it is back')
      nodes[time % 3]?.app.realtime.publish('/news', time)
      await until(() => ear.heard.some(({ data }) => data === time), `${ear.name} hears ${time}`)
    }
    t.equal(ear.clientId(), before, `${ear.name}: the session is the same`)
  }
  t.ok(nodes.some(({ app }) => app.realtime.metrics().relayed > 0))
}

async function batches (t: Test, bus: RealBus): Promise<void> {
  const { nodes, proxy, sum } = await startBehindProxy(t, bus)
  const client = await new PollClient(proxy.url).start()
  const { clientId } = client
  const message = (channel: string, more: object) => ({ channel, clientId, ...more })
  t.match(await client.ask({ channel: '/meta/subscribe', subscription: '/a/*' }), { successful: true })
  for (let time = 0; time < 6; time++) {
    const replies = await client.send(
      message('/meta/subscribe', { subscription: '/a/*', id: 1 }),
      ...Array.from({ length: 20 }, (_, n) => message(`/a/${time}`, { data: n, id: 2 + n })),
      message('/meta/connect', { connectionType: 'long-polling', id: 22 })
    )
    const answers = replies.filter(({ successful }) => successful !== undefined)
    t.strictSame(answers.map(({ id, successful }) => [id, successful]), Array.from({ length: 22 }, (_, index) => [index + 1, true]), 'answers in the order of the messages')
    t.strictSame(replies.filter(({ data }) => data !== undefined).map(({ data }) => data), Array.from({ length: 20 }, (_, n) => n), 'events with the connect')
  }
  const held = client.connect()
  await until(() => sum('heldConnects') === 1)
  nodes[0].app.realtime.publish('/a/0', 'late')
  t.match(await held, [{ data: 'late' }, { successful: true }])
  await until(() => sum('guests') + sum('remoteConnections') === 0, 'nothing is left')
}

async function strangers (t: Test, bus: RealBus): Promise<void> {
  const { proxy } = await startBehindProxy(t, bus)
  const owner = await SocketClient.connect(t, proxy.wsUrl)
  const { clientId } = owner
  t.match(await owner.ask({ channel: '/meta/subscribe', clientId, subscription: '/mine' }), { successful: true })
  for (let time = 0; time < 6; time++) {
    const thief = new PollClient(proxy.url)
    thief.clientId = clientId
    t.match(await thief.ask({ channel: '/mine', data: 'not mine' }), { successful: false, error: /^402:/ })
    t.match((await thief.connect({ timeout: 0 })).at(-1), { successful: false, error: /^402:/ })
    const socket = await SocketClient.open(t, proxy.wsUrl)
    t.match(await socket.ask({ channel: '/meta/connect', clientId, connectionType: 'websocket' }), { successful: false, error: /^402:/ })
    t.match(await socket.ask({ channel: '/meta/disconnect', clientId }), { successful: false, error: /^402:/ })
  }
  t.match(await owner.ask({ channel: '/mine', clientId, data: 'mine' }), { successful: true })
  t.match(await owner.next('/mine'), { data: 'mine' })
}

async function identities (t: Test, bus: RealBus): Promise<void> {
  const nameOf = ({ headers }: Pick<FastifyRequest, 'headers'>) => headers.authorization
  const { proxy, sum } = await startBehindProxy(t, bus, {
    authenticate: request => {
      if (nameOf(request) === undefined) throw new Error('who?')
      return { name: nameOf(request) }
    },
    renew: request => {
      if (nameOf(request) === 'expired') throw new Error('expired')
      return nameOf(request) === undefined ? undefined : { name: nameOf(request) }
    },
    policy: { canPublish: session => (session.identity as { name: string }).name === 'ada' }
  })
  const [nobody] = await new PollClient(proxy.url).send({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] })
  t.match(nobody, { successful: false, error: /^401:/ })
  const ada = new PollClient(proxy.url)
  const post = async (authorization: string | null, ...messages: object[]) => {
    const response = await ada.post(messages, authorization === null ? {} : { authorization })
    return await response.json() as any[]
  }
  const [{ clientId }] = await post('ada', { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] })
  const connect = { channel: '/meta/connect', clientId, connectionType: 'long-polling', advice: { timeout: 0 } }
  // Three each, so that one at least reaches its session elsewhere.
  for (let time = 0; time < 3; time++) {
    t.match(await post('ada', connect), [{ successful: true }])
    t.match(await post(null, connect), [{ successful: true }], 'by cookie and clientId alone')
    t.match(await post('bob', connect), [{ successful: false, error: /^402:/ }])
    t.match(await post(null, { channel: '/a', clientId, data: 1 }), [{ successful: true }])
  }
  t.ok(sum('relayed') > 0)
  t.match(await post('expired', connect), [{ successful: false, error: /^401:/ }])
}

async function browsers (t: Test, bus: RealBus): Promise<void> {
  const { nodes, proxy, sum } = await startBehindProxy(t, bus, { maxSessionsPerBrowser: 1 })
  // Two tabs with one cookie, whose sessions live on one node.
  const one = await new PollClient(nodes[0].url).start()
  const other = new PollClient(nodes[0].url)
  other.cookie = one.cookie
  await other.start()
  const through = (client: PollClient) => {
    const roaming = new PollClient(proxy.url)
    roaming.cookie = client.cookie
    roaming.clientId = client.clientId
    return roaming
  }
  const held = through(one).connect()
  await until(() => sum('heldConnects') === 1)
  for (let time = 0; time < 3; time++) {
    t.match(await through(other).connect(), [{ successful: true, advice: { reconnect: 'retry', 'multiple-clients': true } }])
  }
  t.equal(sum('pollsDeclined'), 3)
  nodes[1].app.realtime.deliver(one.clientId, '/service/x', 1)
  t.match(await held, [{ data: 1 }, { successful: true }])
}

async function scripts (t: Test, bus: RealBus): Promise<void> {
  const { proxy, nodes } = await startBehindProxy(t, bus, { transports: ['websocket', 'long-polling', 'callback-polling'] })
  let cookie = ''
  const load = async (...messages: object[]): Promise<any[]> => {
    const response = await fetch(`${proxy.url}?${new URLSearchParams({ message: JSON.stringify(messages), jsonp: 'hear' })}`, { headers: { cookie } })
    cookie ||= response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return JSON.parse(/^\/\*\*\/hear\((.*)\);$/s.exec(await response.text())?.[1] as string)
  }
  const [{ clientId }] = await load({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['callback-polling'] })
  const connect = { channel: '/meta/connect', clientId, connectionType: 'callback-polling' }
  t.match(await load({ ...connect, advice: { timeout: 0 } }), [{ successful: true }])
  t.match(await load({ channel: '/meta/subscribe', clientId, subscription: '/a' }), [{ successful: true }])
  for (const [index, { app }] of nodes.entries()) {
    const held = load(connect)
    await until(() => nodes.some(({ app }) => app.realtime.metrics().heldConnects === 1))
    app.realtime.publish('/a', index)
    t.match(await held, [{ data: index }, { successful: true }])
  }
}

/** Handshake by POST at one node, socket at another; with the clientId in its connect and, as later clients do, without. */
async function nodefony (t: Test, bus: RealBus): Promise<void> {
  const service = await startTcpService(t)
  const { proxy, sessions, sum } = await startBehindProxy(t, bus, { services: { random: { type: 'tcp', domain: '127.0.0.1', port: service.port } }, directory: 'full' })
  for (const names of [true, false]) {
    const probe = await fetch(proxy.url)
    const http = new PollClient(proxy.url)
    http.cookie = (probe.headers.getSetCookie()[0] as string).split(';')[0] as string
    const response = await http.post({ version: '1.0', channel: '/meta/handshake', minimumVersion: '1.0', supportedConnectionTypes: ['websocket', 'poll', 'long-polling'] })
    const { clientId } = await response.json() as { clientId: string }
    const socket = await SocketClient.open(t, proxy.wsUrl, { headers: { cookie: http.cookie } })
    socket.send(names ? { channel: '/meta/connect', clientId, connectionType: 'WEBSOCKET' } : { channel: '/meta/connect', connectionType: 'WEBSOCKET' })
    const connected = await socket.next('/meta/connect')
    t.match(connected, { successful: true, version: '1.0', data: { random: { type: 'tcp' } } })
    if (names) t.equal(connected.clientId, clientId)
    socket.send({ channel: '/meta/subscribe', clientId: connected.clientId, subscription: '/service/random' })
    t.match(await socket.next('/meta/subscribe'), { successful: true })
    const link = await service.socket(names ? 0 : 1)
    link.write('READY')
    t.match(await socket.next('/service/random'), { data: 'READY' })
    socket.send({ channel: '/meta/disconnect', clientId: connected.clientId })
    t.match(await socket.next('/meta/disconnect'), { successful: true })
    await socket.waitClosed()
    await until(() => !sessions().includes(connected.clientId))
  }
  t.ok(sum('adopted') > 0, 'a session moved to its socket')
}

onEachBus(t, async (t, start) => {
  const bus = await start(t)
  for (const cookies of ['none', 'jar'] as const) t.test(`a phone that changes networks: cometd, cookies: ${cookies}`, t => roams(t, bus, cookies))
  t.test('a phone that changes networks: other makes', t => otherMakesRoam(t, bus))
  t.test('batches and held polls', t => batches(t, bus))
  t.test('strangers', t => strangers(t, bus))
  t.test('identities', t => identities(t, bus))
  t.test('polls of one browser', t => browsers(t, bus))
  t.test('callback-polling', t => scripts(t, bus))
  t.test('the dialect of Nodefony', t => nodefony(t, bus))
})
