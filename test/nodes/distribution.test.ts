/** Events from node to node: each once, in order, also for who was cut off. */
import fc from 'fast-check'
import t from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { Type } from '@sinclair/typebox'
import { startLocalNodes } from '../harness/nodes.js'
import { SharedHistory } from '../harness/shared-history.js'
import { until } from '../harness/until.js'

const NODES = 3

type Step =
  | { readonly do: 'publish', readonly node: number, readonly channel: '/a/x' | '/a/y' | '/b', readonly count: number }
  | { readonly do: 'cut' | 'mend', readonly node: number }
  | { readonly do: 'wait' }

const node = fc.integer({ min: 0, max: NODES - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), node, channel: fc.constantFrom('/a/x' as const, '/a/y' as const, '/b' as const), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'mend' as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const) }) }
)

// Who is asked for what was missed is cut off itself; what it said before is on its way, and must not pass for the next.
const askedOfWhoWasCutOff: Step[] = [
  { do: 'cut', node: 0 }, { do: 'mend', node: 0 },
  { do: 'publish', node: 2, channel: '/a/x', count: 1 }, { do: 'wait' }, { do: 'publish', node: 2, channel: '/a/x', count: 1 },
  { do: 'cut', node: 2 },
  { do: 'publish', node: 0, channel: '/a/x', count: 1 }, { do: 'mend', node: 0 }, { do: 'publish', node: 0, channel: '/a/x', count: 1 }, { do: 'wait' },
  { do: 'publish', node: 0, channel: '/a/x', count: 1 }
]

const immediate = () => new Promise(resolve => setImmediate(resolve))

t.test('whoever is cut off and comes back: each event once, in the order of its publisher', async t => {
  // Nobody is taken for gone here: what is looked at is what is said again.
  const nodes = await startLocalNodes(t, NODES, { limits: { nodeBeat: 20 } })
  const patterns = [['/a/x', '/a/*'], ['/**'], ['/a/**', '/b']]
  const heard: Map<string, { channel: string, from: number, n: number }[]> = new Map()
  for (const [index, { app }] of nodes.entries()) {
    const client = app.realtime.inject()
    await client.handshake()
    for (const pattern of patterns[index] as string[]) await client.subscribe(pattern)
    const received: { channel: string, from: number, n: number }[] = []
    heard.set(String(index), received)
    const listen = async () => { for (;;) { const { channel, data } = await client.next(); received.push({ channel, ...data as { from: number, n: number } }) } }
    listen().catch(() => {})
    t.after(() => client.close())
  }
  let n = 0
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
    for (const received of heard.values()) received.length = 0
    const published: { channel: string, from: number, n: number }[] = []
    for (const step of steps) {
      if (step.do === 'wait') await immediate()
      else if (step.do === 'publish') {
        for (let count = 0; count < step.count; count++) {
          const data = { from: step.node, n: ++n }
          published.push({ channel: step.channel, ...data })
          nodes[step.node]?.app.realtime.publish(step.channel, data)
        }
      } else nodes[step.node]?.backplane[step.do]()
    }
    for (const { backplane } of nodes) backplane.mend()
    for (const [index, received] of heard) {
      const wanted = published.filter(({ channel }) => index === '1' || (index === '0' ? channel.startsWith('/a/') : true))
      await until(() => received.length >= wanted.length, `node ${index} hears ${wanted.length}`)
      for (let from = 0; from < NODES; from++) {
        const of = (events: typeof wanted) => events.filter(event => event.from === from)
        if (JSON.stringify(of(received)) !== JSON.stringify(of(wanted))) throw new Error(`of ${from} node ${index} heard ${JSON.stringify(of(received))}, not ${JSON.stringify(of(wanted))}`)
      }
    }
  }), { numRuns: 60, examples: [[askedOfWhoWasCutOff]] })
  t.equal(nodes[0].app.realtime.metrics().backplaneMissed, 0)
  t.ok(nodes[0].app.realtime.metrics().backplaneRecovered > 0, 'some were said again')
})

t.test('an event goes only where somebody listens, and stays a while where somebody did', async t => {
  const [a, b] = await startLocalNodes(t, 2, { limits: { nodeBeat: 20, interestLinger: 50 } })
  const told: string[] = []
  const stop = b.app.realtime.subscribe('/c', ({ data }) => told.push(data))
  t.equal(b.app.realtime.metrics().interests, 1)
  a.app.realtime.publish('/other', 1)
  a.app.realtime.publish('/c', 'heard')
  await until(() => told.length === 1)
  t.equal(b.app.realtime.metrics().backplaneIn, 1)
  stop()
  t.equal(b.app.realtime.metrics().interests, 1, 'it lingers')
  await until(() => b.app.realtime.metrics().interests === 0)
  a.app.realtime.publish('/c', 'not heard')
  a.app.realtime.publish('/d', 'mark')
  b.app.realtime.subscribe('/d', () => {})
  await until(() => a.app.realtime.metrics().backplaneOut === 4)
  t.equal(b.app.realtime.metrics().backplaneIn, 1)
})

t.test('what waits for a bus that is gone is bounded, and what is forgotten is counted', async t => {
  const [a, b] = await startLocalNodes(t, 2, { limits: { nodeBeat: 20, backplaneEvents: 10 } })
  const told: number[] = []
  b.app.realtime.subscribe('/e', ({ data }) => told.push(data))
  a.app.realtime.publish('/e', 0)
  await until(() => told.length === 1)
  a.backplane.cut()
  t.match(a.app.realtime.health(), { ok: false, backplane: { ok: false } })
  for (let n = 1; n <= 15; n++) a.app.realtime.publish('/e', n)
  a.backplane.mend()
  await until(() => told.length === 11)
  t.strictSame(told, [0, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  t.equal(b.app.realtime.metrics().backplaneMissed, 5)
  t.match(a.app.realtime.health(), { ok: true, backplane: { ok: true, nodes: 2 } })
  t.equal(b.app.realtime.health().backplane?.missed, 5)
})

t.test('somebody who is no node publishes', async t => {
  const channels: RealtimeOptions['channels'] = { '/typed': { schema: Type.Object({ n: Type.Number() }) }, '/kept': { history: { size: 5 } } }
  const [a, b] = await startLocalNodes(t, 2, { channels, history: new SharedHistory() })
  const client = b.app.realtime.inject()
  await client.handshake()
  for (const name of ['/f', '/*', '/**', '/typed', '/kept']) await client.subscribe(name)
  const say = (channel: string, payload: string) => a.backplane.publish(channel, payload)
  for (const wrong of ['{}', '{"data":', '[]', 'nonsense', '{"data":1,"__proto__":{}}', `{"data":${'['.repeat(100)}${']'.repeat(100)}}`, '{"id":{},"data":1}', 'node x\n{}']) say('/f', wrong)
  say('/typed', '{"data":{"n":"one"}}')
  say('/kept', '{"data":1}')
  say('/f', '{"data":{"text":"schön"},"id":7,"ext":{"by":"cron"},"channel":"/else"}\n')
  t.strictSame(await client.next(), { channel: '/f', data: { text: 'schön' }, id: 7, ext: { by: 'cron' } })
  say('/typed', '{"data":{"n":1}}')
  t.strictSame(await client.next(), { channel: '/typed', data: { n: 1 } }, 'each once, however many patterns fit')
  say('/f', '{"data":"end"}')
  t.match(await client.next(), { data: 'end' })
  t.equal(b.app.realtime.metrics().backplaneIn, 3)
  t.ok(b.app.realtime.metrics().backplaneRefused >= 10)
})
