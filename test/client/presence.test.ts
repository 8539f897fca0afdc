/** Who is on a channel, as the client tells it, in Node over both transports. */
import t, { type Test } from 'tap'
import type { Member, RealtimeClient, TransportName } from '../../lib/client/index.js'
import { Presence } from '../../lib/client/presence.js'
import type { Subscriber, Subscriptions } from '../../lib/client/subscriptions.js'
import type { RealtimeOptions } from '../../lib/index.js'
import type { PresenceNews } from '../../types/index.js'
import { startGateway, type Gateway } from '../harness/gateway.js'
import { inState, makeClient, transports } from '../harness/realtime-client.js'
import { until, within } from '../harness/until.js'

const options: RealtimeOptions = {
  authenticate: (_request, { ext }) => ext?.token ?? null,
  channels: { '/chat/*': { presence: session => session.identity }, '/closed': { presence: { watch: false } } }
}

const namesOf = (members: readonly Member[]) => members.map(({ info }) => info)

async function come ({ app }: Gateway, name: string, channel: string = '/chat/lobby') {
  const client = app.realtime.inject({ identity: name })
  await client.handshake()
  await client.subscribe(channel)
  return client
}

const named = (t: Test, url: string, transport: TransportName, name: string): RealtimeClient =>
  makeClient(t, url, { transport, extensions: [{ name: 'who', outgoing: message => message.channel === '/meta/handshake' ? Object.assign(message, { ext: { ...message.ext, token: name } }) : message }] })

for (const transport of transports) {
  t.test(`over ${transport}`, async t => {
    t.test('members, joins and leaves', t => tells(t, transport))
    t.test('the ways it ends', t => ends(t, transport))
    t.test('the connection is lost, then the session', t => survives(t, transport))
  })
}

async function tells (t: Test, transport: TransportName): Promise<void> {
  const gateway = await startGateway(t, options)
  const ada = await come(gateway, 'ada')
  const client = named(t, gateway.url, transport, 'me')
  const lobby = client.presence('/chat/lobby')
  t.same(lobby.members, [], 'nothing is known yet')
  const told: unknown[] = []
  lobby.on('join', ({ info }) => told.push(['join', info]))
  const stop = lobby.on('leave', ({ info }) => told.push(['leave', info]))
  await within(lobby.ready, 'the list')
  t.match(lobby.members, [{ id: /^\w{12}$/, since: Number, info: 'ada' }])
  const chat = client.subscribe('/chat/lobby', () => {})
  await until(() => lobby.members.length === 2, 'it sees itself')
  await ada.disconnect()
  await until(() => lobby.members.length === 1)
  t.same(told, [['join', 'me'], ['leave', 'ada']], 'who was there before has not come')

  const again = client.presence('/chat/lobby')
  await within(again.ready, 'the list, though the gateway was not asked again')
  t.same(again.members, lobby.members)
  t.equal(gateway.app.realtime.metrics().presenceWatchers, 1)
  stop()
  chat.close()
  await until(() => again.members.length === 0 && lobby.members.length === 0)
  t.same(told.length, 2, 'nobody listens to that any more')
  lobby.close()
  await come(gateway, 'bob')
  await until(() => again.members.length === 1)
  t.same(lobby.members, [], 'a closed one hears nothing')
  again.close()
  await until(() => gateway.app.realtime.metrics().presenceWatchers === 0)
}

async function ends (t: Test, transport: TransportName): Promise<void> {
  const gateway = await startGateway(t, options)
  const client = named(t, gateway.url, transport, 'me')
  await come(gateway, 'ada')
  const lists: string[][] = []
  const read = async (bound: number, presence = client.presence('/chat/lobby')) => {
    for await (const members of presence) if (lists.push(namesOf(members)) >= bound) break
  }
  const reading = read(3)
  await until(() => lists.length === 1)
  await come(gateway, 'bob')
  await until(() => lists.length === 2)
  await come(gateway, 'cleo')
  await within(reading, 'the end of the loop')
  t.same(lists, [['ada'], ['ada', 'bob'], ['ada', 'bob', 'cleo']])
  await until(() => gateway.app.realtime.metrics().presenceWatchers === 0, 'who leaves the loop watches no more')

  const slow = client.presence('/chat/lobby')
  await within(slow.ready, 'the list')
  await come(gateway, 'dora')
  await until(() => slow.members.length === 4)
  lists.length = 0
  const latest = read(1, slow)
  await within(latest, 'a list')
  t.equal(lists[0]?.length, 4, 'who reads slowly gets the latest list')

  const aborter = new AbortController()
  const aborted = client.presence('/chat/lobby', { signal: aborter.signal })
  await within(aborted.ready, 'the list')
  const loop = read(100, aborted)
  aborter.abort()
  await within(loop, 'the end of the loop')
  await t.rejects(client.presence('/chat/lobby', { signal: aborter.signal }).ready, { code: 'closed' })

  for (const [channel, code] of [['/closed', 403], ['/elsewhere', 404], ['bad', 404], ['/bad"one', 'malformed']] as const) {
    const refused = client.presence(channel)
    await t.rejects(within(refused.ready, 'an answer'), { code }, channel)
    await t.rejects(within(read(100, refused), 'an end'), { code })
  }
  const last = client.presence('/chat/lobby')
  const untilTheEnd = read(100, last)
  await within(last.ready, 'the list')
  await within(client.close(), 'closed')
  await within(untilTheEnd, 'the loop ends with the client')
  t.throws(() => client.presence('/chat/lobby'), { code: 'closed' })
}

async function survives (t: Test, transport: TransportName): Promise<void> {
  const first = await startGateway(t, options)
  const ada = await come(first, 'ada')
  const client = named(t, first.url, transport, 'me')
  const lobby = client.presence('/chat/lobby')
  const chat = client.subscribe('/chat/lobby', () => {})
  const told: unknown[] = []
  lobby.on('join', ({ info }) => told.push(['join', info]))
  lobby.on('leave', ({ info }) => told.push(['leave', info]))
  await within(Promise.all([lobby.ready, chat.ready]), 'granted')
  await until(() => lobby.members.length === 2)
  told.length = 0
  for (const socket of first.app.websocketServer.clients) socket.terminate()
  first.app.server.closeAllConnections()
  await come(first, 'bob')
  await until(() => lobby.members.length === 3, 'the connection is back')
  t.same(told, [['join', 'bob']], 'in the same session, so nobody has left')

  await ada.disconnect()
  await first.app.close()
  await inState(client, 'waiting')
  const second = await startGateway(t, options, { port: Number(new URL(first.url).port) })
  await come(second, 'cleo')
  await until(() => namesOf(lobby.members).sort().join() === 'cleo,me', 'who is there in the new session')
  const balance = new Map<unknown, number>([['ada', 1], ['me', 1]])
  for (const [what, who] of told as [string, string][]) balance.set(who, (balance.get(who) ?? 0) + (what === 'join' ? 1 : -1))
  t.same([...balance].filter(([, count]) => count !== 0).sort(), [['cleo', 1], ['me', 1]], 'what has changed meanwhile is told as joins and leaves')
}

t.test('a page that is loaded again waits for the list: changes that come before it are no list', async t => {
  let subscriber: Subscriber | undefined
  const join = (_channel: string, _data: unknown, joined: Subscriber) => {
    subscriber = joined
    return () => {}
  }
  const subscriptions = { join } as unknown as Subscriptions
  const lobby = new Presence(subscriptions, '/chat/lobby', undefined)
  const joined: unknown[] = []
  lobby.on('join', ({ info }) => joined.push(info))
  const hear = (data: PresenceNews) => subscriber?.event({ channel: '/service/presence/chat/lobby', data })
  const [ada, bob, eve] = ['ada', 'bob', 'eve'].map(name => ({ id: name, since: 1, info: name })) as [Member, Member, Member]
  hear({ join: [bob] })
  t.same(lobby.members, [], 'nothing is known yet')
  hear({ members: [ada, bob] })
  t.same(namesOf(lobby.members), ['ada', 'bob'])
  hear({ join: [eve] })
  t.same(joined, ['eve'], 'who was there has not come')
  lobby.close()
})
