/** Three nodes behind a balancer without stickiness, on a real bus: clients of all makes hear every event once, in order. */
import { setImmediate as immediate } from 'node:timers/promises'
import t from 'tap'
import { onEachBus } from '../harness/buses.js'
import { cometdEar, fayeEar, hears, ownEar, wrongWith, type Ear } from '../harness/ears.js'
import { startNodes } from '../harness/nodes.js'
import { startRoundRobinProxy } from '../harness/round-robin-proxy.js'

const LOOSE = 1900
const KEPT = 100
const PLAIN = ['/load/one', '/load/two'] as const
const SHARED = '/kept/one'

const limits = { outboxEvents: 100_000, outboxBytes: 2 ** 26, clientWaiting: 2 ** 22 }

onEachBus(t, async (t, start) => {
  const bus = await start(t)
  const memberships = [await bus.join(t), await bus.join(t), await bus.join(t)]
  const nodes = await startNodes(t, 3, index => (memberships[index] as typeof memberships[0]).backplane, index => ({
    history: (memberships[index] as typeof memberships[0]).history,
    channels: { '/kept/*': { history: { size: 100_000 } } },
    maxSessionsPerBrowser: -1,
    limits
  }))
  const { url, asked } = await startRoundRobinProxy(t, nodes.map(({ url }) => url))
  const ears: [Ear, string[]][] = []
  for (const [ear, channels] of [
    [await cometdEar(t, url, 'websocket'), ['/load/*', '/kept/*']],
    [await cometdEar(t, url, 'websocket', { ack: true }), [...PLAIN, SHARED]],
    [await cometdEar(t, url, 'long-polling'), [...PLAIN, '/kept/**']],
    [await cometdEar(t, url, 'long-polling', { ack: true }), ['/load/**', SHARED]],
    [await fayeEar(t, url, 'websocket'), ['/**']],
    [await fayeEar(t, url, 'long-polling'), ['/load/**', '/kept/*']],
    [await ownEar(t, url, 'websocket'), ['/load/*', SHARED]],
    [await ownEar(t, url, 'long-polling', { ack: true }), [...PLAIN, '/kept/*']]
  ] as [Ear, string[]][]) {
    for (const channel of channels) await ear.subscribe(channel)
    ears.push([ear, channels])
  }

  /** Publishes as a program does, in this process; what is said of `n` counts for each channel. */
  async function program (index: number, by: string): Promise<void> {
    for (let n = 0; n < LOOSE; n++) {
      nodes[index]?.app.realtime.publish(PLAIN[n % 2] as string, { by, n: n >> 1 })
      if (n % Math.floor(LOOSE / KEPT) === 0 && n < KEPT * Math.floor(LOOSE / KEPT)) nodes[index]?.app.realtime.publish(SHARED, { by, n: n / Math.floor(LOOSE / KEPT) })
      if (n % 10 === 0) await immediate()
    }
  }

  /** Publishes as a client does, with some answers outstanding. */
  async function client (ear: Ear, by: string): Promise<void> {
    let n = 0
    let kept = 0
    while (n < LOOSE || kept < KEPT) {
      const batch: Promise<void>[] = []
      for (let each = 0; each < 50 && n < LOOSE; each++, n++) batch.push(ear.publish(PLAIN[n % 2] as string, { by, n: n >> 1 }))
      for (let each = 0; each < 3 && kept < KEPT; each++) batch.push(ear.publish(SHARED, { by, n: kept++ }))
      await Promise.all(batch)
    }
  }

  const [[overSocket], , [overPolls]] = ears as [[Ear], unknown, [Ear]]
  const publishers: [string, Promise<void>][] = [
    ...nodes.map((_, index): [string, Promise<void>] => [`program ${index}`, program(index, `program ${index}`)]),
    ['socket', client(overSocket, 'socket')],
    ['polls', client(overPolls, 'polls')]
  ]
  await Promise.all(publishers.map(([, done]) => done))
  const wanted = new Map<string, number>()
  for (const [by] of publishers) {
    for (const channel of PLAIN) wanted.set(`${channel} ${by}`, LOOSE / 2)
    wanted.set(`${SHARED} ${by}`, KEPT)
  }
  const total = publishers.length * (LOOSE + KEPT)
  t.equal(total, 10_000)
  for (const [ear, channels] of ears) {
    await hears(ear, total)
    t.equal(wrongWith(ear.heard, wanted), null, `${ear.name}, subscribed to ${channels.join()}: each once, in order`)
  }
  const figures = nodes.map(({ app }) => app.realtime.metrics())
  t.ok(asked.every(count => count > 100), `each node was asked: ${asked.join()}`)
  t.ok(figures.every(({ relayed }) => relayed > 0), 'clients knocked elsewhere')
  t.ok(figures.some(({ adopted }) => adopted > 0), 'and sessions moved')
  t.strictSame(figures.map(({ backplaneMissed, backplaneRefused }) => backplaneMissed + backplaneRefused), [0, 0, 0])
})
