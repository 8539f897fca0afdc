/** A history that all nodes share: each event once, in the order of its ids, on every node, whatever is cut off. */
import fc from 'fast-check'
import t from 'tap'
import { startLocalNodes } from '../harness/nodes.js'
import { SharedHistory } from '../harness/shared-history.js'
import { until, within } from '../harness/until.js'

type Step =
  | { readonly do: 'publish', readonly node: number, readonly channel: '/h/x' | '/h/y', readonly count: number }
  | { readonly do: 'subscribe', readonly node: number, readonly to: '/h/x' | '/h/*', readonly from: 'all' | 'new' }
  | { readonly do: 'cut' | 'mend', readonly node: number }
  | { readonly do: 'wait' }

const NODES = 3
const node = fc.integer({ min: 0, max: NODES - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), node, channel: fc.constantFrom('/h/x' as const, '/h/y' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('subscribe' as const), node, to: fc.constantFrom('/h/x' as const, '/h/*' as const), from: fc.constantFrom('all' as const, 'new' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'mend' as const), node }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const) }) }
)

// The nodes tell each other what was missed; where they have forgotten it, only the history knows.
for (const backplaneEvents of [10_000, 1]) {
  t.test(`subscribers on any node, with replay and without, hear all in the order of ids; ${backplaneEvents} events can be said again`, async t => {
    let slow = false
    const history = new SharedHistory(async () => { for (let turns = slow ? Math.floor(Math.random() * 4) : 0; turns >= 0; turns--) await new Promise(resolve => setImmediate(resolve)) })
    const nodes = await startLocalNodes(t, NODES, { history, channels: { '/h/*': { history: { size: 100_000 } } }, limits: { nodeBeat: 20, backplaneEvents } })
    slow = true
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async steps => {
      let published = 0
      const subscribers: { to: string, from: string, received: Map<string, number[]>, close: () => void, ready: Promise<unknown> }[] = []
      const total = new Map<string, number>()
      const running: Promise<unknown>[] = []
      for (const channel of ['/h/x', '/h/y']) {
        const page = await history.since(channel, -1, 1)
        total.set(channel, page?.last ?? 0)
      }
      for (const step of steps) {
        const at = nodes[(step as { node?: number }).node ?? 0] as typeof nodes[0]
        if (step.do === 'wait') for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
        else if (step.do === 'publish') {
          const client = at.app.realtime.inject()
          running.push((async () => {
            await client.handshake()
            await Promise.all(Array.from({ length: step.count }, () => client.publish(step.channel, ++published)))
            await client.disconnect()
          })())
          total.set(step.channel, (total.get(step.channel) as number) + 3 * step.count)
        } else if (step.do === 'subscribe') {
          const client = at.app.realtime.inject()
          const received = new Map<string, number[]>([['/h/x', []], ['/h/y', []]])
          const ready = (async () => {
            await client.handshake()
            const listen = async () => { for (;;) { const { channel, ext } = await client.next(); received.get(channel)?.push(ext?.replayId as number) } }
            listen().catch(() => {})
            await client.send({ channel: '/meta/subscribe', subscription: step.to, ...(step.from === 'all' && { ext: { replay: { [step.to]: -2 } } }) })
          })()
          subscribers.push({ to: step.to, from: step.from, received, close: () => client.close(), ready })
        } else at.backplane[step.do]()
      }
      for (const { backplane } of nodes) backplane.mend()
      await Promise.all([...running, ...subscribers.map(({ ready }) => ready)])
      for (const { to, from, received, close } of subscribers) {
        for (const channel of to === '/h/x' ? ['/h/x'] : ['/h/x', '/h/y']) {
          const ids = received.get(channel) as number[]
          const last = total.get(channel) as number
          if (from === 'all') await until(() => ids.at(-1) === last || last === 0, `${to} ${from} hears ${channel} up to ${last}: ${ids.slice(-5)}`)
          const first = from === 'all' ? 3 : ids[0] ?? last + 3
          const wanted = Array.from({ length: Math.max(0, ids.length) }, (_, index) => first + 3 * index)
          if (JSON.stringify(ids) !== JSON.stringify(wanted)) throw new Error(`${to} ${from} heard ${ids.slice(0, 60)} of ${channel}`)
        }
        close()
      }
    }), { numRuns: 60 })
    t.pass('nothing doubled, nothing missing')
  })
}

t.test('what other nodes cannot say again is read from the history when a node is back', async t => {
  const history = new SharedHistory()
  const [a, b] = await startLocalNodes(t, 2, { history, channels: { '/h/*': { history: { size: 100 } } }, limits: { nodeBeat: 20, backplaneEvents: 1 } })
  const client = b.app.realtime.inject()
  const publisher = a.app.realtime.inject()
  for (const each of [client, publisher]) await each.handshake()
  await client.subscribe('/h/x')
  await publisher.publish('/h/x', 'before')
  t.match(await client.next(), { data: 'before', ext: { replayId: 3 } })
  b.backplane.cut()
  for (const data of [1, 2, 3]) await publisher.publish('/h/x', data)
  await publisher.publish('/h/y', 'another')
  b.backplane.mend()
  for (const data of [1, 2, 3]) t.match(await within(client.next(), `event ${data}`), { data, ext: { replayId: 3 + 3 * data } })
  await publisher.publish('/h/x', 'after')
  t.match(await client.next(), { data: 'after', ext: { replayId: 15 } })
  t.equal(client.received.length, 0)
})
