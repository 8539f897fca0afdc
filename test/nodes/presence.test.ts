/** Who is on a channel, seen from any node. */
import t from 'tap'
import { startLocalNodes } from '../harness/nodes.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

const channels = { '/room/*': { presence: (session: { caller: { headers: Readonly<Record<string, string>> } }) => ({ name: session.caller.headers['user-agent'] }) } }

t.test('members of all nodes, on every node; a node that is gone takes its own with it', async t => {
  const [a, b, c] = await startLocalNodes(t, 3, { channels, limits: { nodeBeat: 20, nodeSilence: 200 } })
  const told: string[] = []
  for (const name of ['join', 'leave'] as const) c.app.realtime.on(name, (channel, member, session) => told.push(`${name} ${channel} ${member.info.name} ${session === null}`))
  const ada = await SocketClient.connect(t, a.wsUrl, { headers: { 'user-agent': 'ada' } })
  const bob = await SocketClient.connect(t, b.wsUrl, { headers: { 'user-agent': 'bob' } })
  await ada.ask({ channel: '/meta/subscribe', clientId: ada.clientId, subscription: '/room/1' })
  await bob.ask({ channel: '/meta/subscribe', clientId: bob.clientId, subscription: '/room/1' })
  const names = (node: typeof a) => node.app.realtime.presence('/room/1').map(({ info }) => info.name).sort()
  await until(() => [a, b, c].every(node => names(node).length === 2))
  t.strictSame(names(c), ['ada', 'bob'])
  t.strictSame(told.sort(), ['join /room/1 ada true', 'join /room/1 bob true'])
  const watcher = await SocketClient.connect(t, c.wsUrl)
  await watcher.ask({ channel: '/meta/subscribe', clientId: watcher.clientId, subscription: '/service/presence/room/1' })
  const { data } = await watcher.next(({ data }) => data?.members !== undefined)
  t.strictSame(data.members.map(({ info }: { info: { name: string } }) => info.name).sort(), ['ada', 'bob'])
  await bob.ask({ channel: '/meta/unsubscribe', clientId: bob.clientId, subscription: '/room/1' })
  t.match(await watcher.next(({ data }) => data?.leave !== undefined), { data: { leave: [{ info: { name: 'bob' } }] } })
  a.backplane.cut()
  t.match(await watcher.next(({ data }) => data?.leave !== undefined), { data: { leave: [{ info: { name: 'ada' } }] } })
  t.strictSame(names(a), ['ada'], 'it still knows its own')
  a.backplane.mend()
  t.match(await watcher.next(({ data }) => data?.join !== undefined), { data: { join: [{ info: { name: 'ada' } }] } })
  t.strictSame(names(c), ['ada'])
})

t.test('changes while a node was cut off are made good', async t => {
  const [a, b] = await startLocalNodes(t, 2, { channels, limits: { nodeBeat: 20 } })
  const clients = []
  for (let index = 0; index < 3; index++) {
    const client = await SocketClient.connect(t, a.wsUrl, { headers: { 'user-agent': `c${index}` } })
    await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/room/2' })
    clients.push(client)
  }
  const names = () => b.app.realtime.presence('/room/2').map(({ info }) => info.name).sort().join()
  await until(() => names() === 'c0,c1,c2')
  b.backplane.cut()
  await clients[1]?.ask({ channel: '/meta/unsubscribe', clientId: clients[1].clientId, subscription: '/room/2' })
  await clients[1]?.ask({ channel: '/meta/subscribe', clientId: clients[1].clientId, subscription: '/room/3' })
  // Told to nobody.
  await new Promise(resolve => setTimeout(resolve, 300))
  t.equal(names(), 'c0,c1,c2')
  b.backplane.mend()
  await until(() => names() === 'c0,c2')
  t.equal(b.app.realtime.presence('/room/3').length, 1)
  t.equal(b.app.realtime.metrics().presenceMembers, 3)
})
