/** What the clients of a node that closes are told. */
import { Writable } from 'node:stream'
import t from 'tap'
import { Farewell } from '../../lib/broker/farewell.js'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

/** The ms after which each of so many is to be back, and how they are spread over tenths of the whole. */
function tenths (clients: number, whole: number): { intervals: number[], counts: number[] } {
  const farewell = new Farewell(clients, [])
  const intervals = Array.from({ length: clients }, () => farewell.retry().interval as number)
  const counts = Array.from({ length: 10 }, (_, tenth) => intervals.filter(interval => Math.floor(interval / whole * 10) === tenth).length)
  return { intervals, counts }
}

t.test('ten thousand come back over five seconds, about as many in each tenth of them', async t => {
  const { intervals, counts } = tenths(10_000, 5000)
  t.ok(intervals.every(interval => Number.isInteger(interval) && interval >= 0 && interval < 5000))
  // Each is 1000 on average, and off by 30 as a rule: 300 is off by ten times that.
  for (const count of counts) t.ok(Math.abs(count - 1000) < 300, `${count} of 10,000`)
})

t.test('a few come back over one second, and nobody later than it may stay away', async t => {
  const { intervals } = tenths(20, 1000)
  t.ok(intervals.every(interval => interval < 1000))
  t.ok(new Set(intervals).size > 1, 'not all at once')
  const farewell = new Farewell(1_000_000, [])
  for (let n = 0; n < 1000; n++) t.ok(farewell.retry(700).interval as number < 700)
})

t.test('hosts are told with every advice, where there are any', async t => {
  t.notMatch(new Farewell(1, []).retry(), { hosts: Array })
  const hosts = ['b.example', 'c.example']
  t.match(new Farewell(1, hosts).retry(), { reconnect: 'retry', hosts })
  t.match(new Farewell(1, hosts).handshake(), { reconnect: 'handshake', hosts })
})

t.test('polls and sockets get hosts and an interval of their own; a socket without a held connect is told unasked', async t => {
  const { app, url, wsUrl } = await startGateway(t, { hosts: () => ['b.example', '192.0.2.7'] })
  const poll = (await new PollClient(url).start()).connect()
  const held = await SocketClient.connect(t, wsUrl)
  held.send([{ channel: '/meta/connect', clientId: held.clientId, connectionType: 'websocket', id: 'held' }])
  const between = await SocketClient.connect(t, wsUrl)
  await until(() => app.realtime.metrics().heldConnects === 2)
  await app.close()
  const advice = { reconnect: 'retry', interval: Number, hosts: ['b.example', '192.0.2.7'] }
  t.match(await poll, [{ channel: '/meta/connect', successful: true, advice }])
  t.match(await held.next('/meta/connect'), { successful: true, id: 'held', advice })
  t.match(await between.next('/meta/connect'), { successful: true, clientId: between.clientId, advice })
  for (const socket of [held, between]) t.equal((await socket.waitClosed()).code, 1001)
})

t.test('hosts that fail keep nobody from closing: none are told, and the log has why', async t => {
  for (const hosts of [() => { throw new Error('no hosts today') }, () => ['a b'], async () => ['b.example']]) {
    let log = ''
    const stream = new Writable({ write: (chunk, _encoding, done) => { log += String(chunk); done() } })
    const { app, wsUrl } = await startGateway(t, { hosts: hosts as () => string[] }, { fastify: { logger: { stream } } })
    const socket = await SocketClient.connect(t, wsUrl)
    await app.close()
    const { advice } = await socket.next('/meta/connect')
    t.strictSame(Object.keys(advice).sort(), ['interval', 'reconnect'])
    t.match(log, /the option hosts/)
  }
})
