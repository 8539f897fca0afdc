/** Presence (docs/protocol.md, section 11): who is on a channel, for the application and for clients. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { InjectedClient, Member, PresenceNews, Realtime, RealtimeOptions } from '../../lib/index.js'
import { Roster } from '../../lib/broker/roster.js'
import { handshake, handshaken, makeCometd, subscribe, unsubscribe, type Message, type TransportName } from '../harness/cometd-client.js'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

const channels: NonNullable<RealtimeOptions['channels']> = {
  '/chat/*': { presence: session => ({ name: (session.identity as { name: string } | null)?.name ?? 'nobody' }) },
  '/plain': { presence: true },
  '/quiet': {}
}

const named = (realtime: Realtime, name: string) => realtime.inject({ identity: { name } })

async function come (realtime: Realtime, name: string, channel: string = '/chat/lobby'): Promise<InjectedClient> {
  const client = named(realtime, name)
  await client.handshake()
  await client.subscribe(channel)
  return client
}

const names = (members: readonly Member[] | undefined) => members?.map(({ info }) => info.name)

/** What an injected client was told and did not look at yet. */
const takeAll = ({ received }: InjectedClient) => (received as unknown as { data: unknown }[]).splice(0).map(({ data }) => data as PresenceNews)

/** What a watcher makes of what it is told; each word is checked. */
class Watcher {
  readonly words: string[] = []
  members: Map<string, Member> | null = null
  readonly #t: Test

  constructor (t: Test) {
    this.#t = t
  }

  readonly hear = (data: PresenceNews): void => {
    if (data.members !== undefined) {
      this.members = new Map(data.members.map(member => [member.id, member]))
      this.words.push(`list ${names(data.members)}`)
      return
    }
    if (this.members === null) throw new Error('a change came before the list')
    for (const { id, info } of data.leave ?? []) {
      if (!this.members.delete(id)) this.#t.fail(`${id} left, and was not there`)
      this.words.push(`leave ${info.name}`)
    }
    for (const member of data.join ?? []) {
      if (this.members.has(member.id)) this.#t.fail(`${member.id} came twice`)
      this.members.set(member.id, member)
      this.words.push(`join ${member.info.name}`)
    }
  }
}

t.test('for the application: who is there, who comes and goes', async t => {
  const { app } = await startGateway(t, { channels })
  const { realtime } = app
  const told: unknown[] = []
  realtime.on('join', (channel, { id, info }, session) => told.push(['join', channel, info?.name, session?.id !== id, realtime.presence(channel).length]))
  realtime.on('leave', (channel, { info }, session) => told.push(['leave', channel, info?.name, session?.ended, realtime.presence(channel).length]))
  t.same(realtime.presence('/chat/lobby'), [])
  const before = Date.now()
  const ada = await come(realtime, 'ada')
  const bob = await come(realtime, 'bob')
  await bob.subscribe('/plain')
  await bob.subscribe('/quiet')
  await bob.subscribe('/chat/lobby')
  await ada.subscribe('/chat/*')
  const [first, second] = realtime.presence('/chat/lobby')
  t.match(first, { id: /^[A-Za-z0-9]{12}$/, info: { name: 'ada' }, session: { id: ada.clientId } })
  t.ok(Number(first?.since) >= before && Number(first?.since) <= Date.now())
  t.equal(second?.session?.id, bob.clientId)
  const [plain] = realtime.presence('/plain')
  t.equal(plain?.id, second?.id, 'the same on all channels')
  t.notOk('info' in (plain as object))
  t.notOk(bob.clientId.includes(String(plain?.id)), 'and no part of the clientId')
  await ada.unsubscribe('/chat/lobby')
  await ada.unsubscribe('/chat/lobby')
  await bob.disconnect()
  t.same(told, [
    ['join', '/chat/lobby', 'ada', true, 1],
    ['join', '/chat/lobby', 'bob', true, 2],
    ['join', '/plain', undefined, true, 1],
    ['leave', '/chat/lobby', 'ada', false, 1],
    ['leave', '/chat/lobby', 'bob', true, 0],
    ['leave', '/plain', undefined, true, 0]
  ])
  for (const channel of ['/quiet', '/elsewhere', '/chat/*', 'bad', '/service/presence/plain']) t.throws(() => realtime.presence(channel), { code: 'FST_BAYEUX_USAGE' }, channel)
  t.match(realtime.metrics(), { presenceMembers: 0, presenceWatchers: 0 })
})

t.test('without presence nothing of it is there', async t => {
  const { app } = await startGateway(t, { channels: { '/quiet': {} } })
  const client = await come(app.realtime, 'ada', '/quiet')
  t.throws(() => app.realtime.presence('/quiet'), { code: 'FST_BAYEUX_USAGE' })
  t.match(await client.subscribe('/service/presence/quiet'), { successful: false, error: '404:/service/presence/quiet:Unknown service' })
  t.match(await client.publish('/service/presence/quiet', 1), { successful: false, error: /^404:/ })
})

for (const transport of ['websocket', 'long-polling'] as const) {
  t.test(`cometd 9 over ${transport}`, async t => {
    t.test('watches two channels', t => watches(t, transport))
    t.test('a lost connection is no leave; a client that starts anew is one, and gets the list again', t => startsAnew(t, transport))
  })
}

async function watches (t: Test, transport: TransportName): Promise<void> {
  const { app, url } = await startGateway(t, { channels })
  const { realtime } = app
  const ada = await come(realtime, 'ada')
  const client = makeCometd(t, url, { transport })
  await handshake(client)
  const [lobby, red] = [new Watcher(t), new Watcher(t)]
  const listen = (watcher: Watcher) => ({ data }: Message) => watcher.hear(data as PresenceNews)
  const { handle, reply } = await subscribe(client, '/service/presence/chat/lobby', listen(lobby))
  t.match(reply, { successful: true })
  await subscribe(client, '/service/presence/chat/red', listen(red))
  await until(() => lobby.words.length > 0 && red.words.length > 0, 'both lists')
  t.same([lobby.words, red.words], [['list ada'], ['list ']])
  await subscribe(client, '/chat/lobby', () => {})
  await until(() => lobby.words.length === 2, 'it sees itself come')
  const bob = await come(realtime, 'bob', '/chat/red')
  await ada.unsubscribe('/chat/lobby')
  await until(() => lobby.words.length === 3 && red.words.length === 2, 'one came there, one left here')
  t.same([lobby.words, red.words], [['list ada', 'join nobody', 'leave ada'], ['list ', 'join bob']])
  await unsubscribe(client, handle)
  t.match(realtime.metrics(), { presenceMembers: 2, presenceWatchers: 1 })
  await come(realtime, 'cleo')
  await bob.disconnect()
  await until(() => red.words.length === 3)
  t.same([lobby.words.length, red.words.at(-1)], [3, 'leave bob'], 'what is not watched any more is not told')
  await subscribe(client, '/service/presence/chat/lobby', listen(lobby))
  await until(() => lobby.words.length === 4)
  t.equal(lobby.words[3], 'list nobody,cleo', 'a new list')
}

async function startsAnew (t: Test, transport: TransportName): Promise<void> {
  const first = await startGateway(t, { channels })
  const watcher = new Watcher(t)
  const client = makeCometd(t, first.url, { transport })
  // As an application does that wants to watch whatever happens.
  client.addListener('/meta/handshake', ({ successful }) => {
    if (successful !== true) return
    client.subscribe('/service/presence/chat/lobby', ({ data }) => watcher.hear(data as unknown as PresenceNews))
    client.subscribe('/chat/lobby', () => {})
  })
  await handshaken(client)
  const here = () => [...watcher.members?.values() ?? []].map(({ id }) => id)
  await until(() => here().length === 1, 'it sees itself')
  const [id] = here()
  for (const socket of first.app.websocketServer.clients) socket.terminate()
  first.app.server.closeAllConnections()
  const ada = await come(first.app.realtime, 'ada')
  await until(() => here().length === 2, 'the connection is back')
  t.equal(here()[0], id)
  t.notOk(watcher.words.some(word => word.startsWith('leave')))
  await ada.disconnect()
  await first.app.close()
  const second = await startGateway(t, { channels }, { port: Number(new URL(first.url).port) })
  await come(second.app.realtime, 'bob')
  await until(() => here().length === 2 && !here().includes(id as string), 'another session, another member')
}

t.test('rules', async t => {
  const { app } = await startGateway(t, {
    policy: { canSubscribe: (_session, channel) => channel !== '/members' && channel !== '/service/presence/chat/policed' },
    channels: {
      ...channels,
      '/members': { presence: true },
      '/closed': { presence: { watch: false } },
      '/none': { subscribe: false, presence: true },
      '/asked': { presence: { watch: async session => session.identity !== null || '401:/asked:Who are you?', info: session => session.identity } }
    },
    limits: { presenceMembers: 2 }
  })
  const { realtime } = app
  const ada = await come(realtime, 'ada')
  const nobody = realtime.inject({ identity: null })
  await nobody.handshake()
  const refusals: [name: string, error: string | RegExp][] = [
    ['', '404:/service/presence:No presence here'],
    ['/quiet', '404:/service/presence/quiet:No presence here'],
    ['/elsewhere', /^404:/],
    ['/service/presence/plain', /^404:/],
    ['/members', '403:/service/presence/members:Subscription denied'],
    ['/chat/policed', '403:/service/presence/chat/policed:Subscription denied'],
    ['/closed', '403:/service/presence/closed:Subscription denied'],
    ['/none', /^40[35]:/],
    ['/chat/*', '403:/service/presence/chat/*:Services are subscribed one by one']
  ]
  for (const [name, error] of refusals) t.match(await ada.subscribe(`/service/presence${name}`), { successful: false, error, subscription: `/service/presence${name}` }, name)
  t.match(await nobody.subscribe('/service/presence/asked'), { successful: false, error: '401:/asked:Who are you?' })
  t.match(await ada.subscribe('/service/presence/asked'), { successful: true })
  t.match(await ada.publish('/service/presence/asked', { channel: '/asked' }), { successful: false, error: '405:/service/presence/asked:Presence is read-only' })
  t.equal(realtime.presence('/asked').length, 0, 'who watches is not there')
  t.match(await nobody.subscribe('/closed'), { successful: true })
  t.equal(realtime.presence('/closed').length, 1, 'nobody else sees it, the application does')

  for (const name of ['bob', 'cleo']) await come(realtime, name)
  t.match(await ada.subscribe('/service/presence/chat/lobby'), { successful: false, error: '413:/service/presence/chat/lobby:More than 2 members' })
  t.equal(realtime.presence('/chat/lobby').length, 3, 'the bound is for lists alone')
})

t.test('info that cannot be told is left out, and logged', async t => {
  const lines: any[] = []
  const { app } = await startGateway(t, {
    channels: { '/throws': { presence: () => { throw new Error('a mistake') } }, '/big': { presence: () => 1n }, '/mute': { presence: () => undefined }, '/date': { presence: () => new Date(0) } }
  }, { fastify: { logger: { level: 'error', stream: { write: line => { lines.push(JSON.parse(line)) } } } } })
  const ada = await come(app.realtime, 'ada', '/throws')
  for (const channel of ['/big', '/mute', '/date']) t.match(await ada.subscribe(channel), { successful: true })
  for (const channel of ['/throws', '/big', '/mute']) t.notOk('info' in (app.realtime.presence(channel)[0] as object), channel)
  t.match(app.realtime.presence('/date'), [{ info: '1970-01-01T00:00:00.000Z' }])
  t.match(lines, [{ channel: '/throws', err: { message: 'a mistake' } }, { channel: '/big', err: { message: /BigInt/ } }])
})

t.test('a session that expires leaves; a poller, and the dialect of Nodefony, watch', async t => {
  const { app, url, wsUrl } = await startGateway(t, { channels, maxInterval: 50, interval: 0 })
  const socket = await SocketClient.open(t, wsUrl)
  socket.send({ channel: '/meta/connect' })
  const { clientId } = await socket.next('/meta/connect')
  socket.send({ channel: '/meta/subscribe', clientId, subscription: '/service/presence/plain' })
  t.match(await socket.next('/meta/subscribe'), { successful: true })
  t.strictSame(await socket.next('/service/presence/plain'), { version: '1.0', channel: '/service/presence/plain', data: { members: [] }, clientId })
  const poller = await new PollClient(url).start()
  await poller.ask({ channel: '/meta/subscribe', subscription: ['/plain', '/service/presence/plain'] })
  const [{ id, since }] = app.realtime.presence('/plain') as unknown as [Member]
  t.strictSame((await socket.next('/service/presence/plain')).data, { join: [{ id, since }] })
  t.match(await poller.connect(), [{ channel: '/service/presence/plain', data: { members: [{ id }] } }, { channel: '/meta/connect' }])
  t.strictSame((await socket.next('/service/presence/plain')).data, { leave: [{ id, since }] }, 'it polls no more')
  t.equal(app.realtime.presence('/plain').length, 0)
})

t.test('many who come at once are told of in few messages, made once', async t => {
  const COUNT = 300
  const { app } = await startGateway(t, { channels })
  const { realtime } = app
  const clients: InjectedClient[] = []
  for (let number = 0; number < COUNT; number++) {
    const client = named(realtime, `${number}`)
    await client.handshake()
    clients.push(client)
  }
  // In one turn, so that no clock counts.
  await Promise.all(clients.flatMap(client => [client.subscribe('/service/presence/chat/lobby'), client.subscribe('/chat/lobby')]))
  const watchers = clients.map(client => {
    const watcher = new Watcher(t)
    return { watcher, client }
  })
  const caughtUp = () => watchers.every(({ watcher, client }) => {
    for (const data of takeAll(client)) watcher.hear(data)
    return watcher.members?.size === COUNT
  })
  await until(caughtUp, 'everybody sees everybody')
  t.match(realtime.metrics(), { presenceMembers: COUNT, presenceWatchers: COUNT })
  t.equal(realtime.metrics().delivered, COUNT, 'a list for each')
  await come(realtime, 'late')
  await until(() => clients.every(({ received }) => received.length === 1))
  t.equal(realtime.metrics().delivered, 2 * COUNT, 'and a change for each')
})

t.test('whatever happens in whatever order, each watcher ends up with who is there, and nothing comes twice', async t => {
  const { app } = await startGateway(t, { channels })
  const { realtime } = app
  const step = fc.record({ who: fc.nat(3), what: fc.constantFrom('join', 'leave', 'watch', 'unwatch', 'end', 'pause') })
  let room = 0
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
    const channel = `/chat/${++room}`
    const clients = new Map<number, { client: InjectedClient, watcher: Watcher, watches: boolean }>()
    for (const { who, what } of steps) {
      let one = clients.get(who)
      if (one === undefined) {
        one = { client: named(realtime, `${who}`), watcher: new Watcher(t), watches: false }
        await one.client.handshake()
        clients.set(who, one)
      }
      if (what === 'pause') await new Promise(resolve => setTimeout(resolve, 3))
      else if (what === 'join') await one.client.subscribe(channel)
      else if (what === 'leave') await one.client.unsubscribe(channel)
      else if (what === 'end') {
        await one.client.disconnect()
        clients.delete(who)
      } else {
        one.watches = what === 'watch'
        await one.client[one.watches ? 'subscribe' : 'unsubscribe'](`/service/presence${channel}`)
      }
    }
    const present = () => realtime.presence(channel).map(({ id }) => id).sort().join()
    for (const { client, watcher, watches } of clients.values()) {
      if (!watches) continue
      await until(() => {
        for (const data of takeAll(client)) watcher.hear(data)
        return [...watcher.members?.keys() ?? ['no list']].sort().join() === present()
      }, 'it knows who is there')
    }
    for (const { client } of clients.values()) await client.disconnect()
  }), { numRuns: 60 })
  t.match(realtime.metrics(), { presenceMembers: 0, presenceWatchers: 0 })
})

t.test('a roster: what happened between two words is told as what came of it', async t => {
  const roster = new Roster('/a', '/service/presence/a')
  const told: unknown[] = []
  const texts = new Set<unknown>()
  const watcher = () => ({ take: (outgoing: { json: string }) => { texts.add(outgoing); told.push(JSON.parse(outgoing.json).data) } }) as never
  const one = watcher()
  roster.join({ id: 'a', since: 1 })
  roster.watch(one)
  roster.tell()
  t.same(told.splice(0), [{ members: [{ id: 'a', since: 1 }] }])
  roster.tell()
  t.same(told, [], 'nothing new')
  roster.join({ id: 'b', since: 2 })
  roster.leave('b')
  roster.leave('b')
  roster.tell()
  t.same(told, [], 'who came and went was never there')
  roster.leave('a')
  roster.join({ id: 'a', since: 3 })
  const two = watcher()
  roster.watch(two)
  texts.clear()
  roster.tell()
  t.same(told.splice(0), [{ leave: [{ id: 'a', since: 1 }], join: [{ id: 'a', since: 3 }] }, { members: [{ id: 'a', since: 3 }] }], 'who left comes first; a newcomer gets the list alone')
  roster.watch(two)
  roster.join({ id: 'c', since: 4 })
  for (let count = 0; count < 5; count++) roster.watch(watcher())
  texts.clear()
  roster.tell()
  t.equal(texts.size, 2, 'one change and one list, for seven')
  t.equal(told.length, 7)
  t.equal(roster.watchers, 7)
})
