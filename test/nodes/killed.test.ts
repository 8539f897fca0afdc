/** A node is killed under load: its clients are back on the others by themselves, and the rest go on. */
import t from 'tap'
import type { KeptEvent } from '../../lib/index.js'
import { onEachBus } from '../harness/buses.js'
import { cometdEar, fayeEar, ownEar, type Ear } from '../harness/ears.js'
import { startNodeProcess } from '../harness/node-process.js'
import { ReplayExtension } from '../harness/replay-extension.js'
import { startRoundRobinProxy } from '../harness/round-robin-proxy.js'
import { until } from '../harness/until.js'

const KEPT = '/kept/one'
const LOOSE = '/load/one'
const options = {
  channels: { '/kept/*': { history: { size: 100_000 } } },
  maxSessionsPerBrowser: -1,
  limits: { outboxEvents: 100_000, outboxBytes: 2 ** 26, nodeBeat: 200, nodeSilence: 1000 }
}

onEachBus(t, async (t, start) => {
  const bus = await start(t)
  const nodes = await Promise.all(['a', 'b', 'c'].map(() => startNodeProcess(t, bus, options)))
  await until(async () => (await Promise.all(nodes.map(node => node.ask()))).every(({ metrics }) => metrics.nodes === 3), 'they know each other')
  const { url } = await startRoundRobinProxy(t, nodes.map(({ url }) => url))

  const replaying: Ear[] = []
  for (const transport of ['websocket', 'long-polling'] as const) {
    for (let count = 0; count < 3; count++) {
      replaying.push(await ownEar(t, url, transport, { ack: true, replay: -2 }))
      replaying.push(await cometdEar(t, url, transport, { ack: true, prepare: client => client.registerExtension('replay', new ReplayExtension({ [KEPT]: -2 }, 'ext')) }))
    }
  }
  for (const ear of replaying) await ear.subscribe(KEPT)
  const others: Ear[] = []
  for (const transport of ['websocket', 'long-polling'] as const) {
    others.push(await cometdEar(t, url, transport), await fayeEar(t, url, transport), await ownEar(t, url, transport))
  }
  for (const ear of others) await ear.subscribe('/load/*')

  for (const [index, node] of nodes.entries()) node.publish({ channels: [KEPT, LOOSE], by: String(index), every: 10 })
  const all = [...replaying, ...others]
  await until(() => all.every(({ heard }) => heard.length > 100), 'all hear')
  const [home] = await Promise.all(nodes.map(async node => new Set((await node.ask()).sessions)))
  const before = new Map(all.map(ear => [ear, ear.clientId() as string]))
  const [killed, ...survivors] = nodes as [typeof nodes[0] & {}, ...typeof nodes]
  await killed.kill()
  const lost = all.filter(ear => home?.has(before.get(ear) as string))
  t.ok(lost.length >= 3, `${lost.length} of ${all.length} clients lose their session`)
  await until(() => lost.every(ear => ear.clientId() !== null && ear.clientId() !== before.get(ear)), 'they have shaken hands again')
  const counts = all.map(({ heard }) => heard.length)
  for (const [index, ear] of all.entries()) await until(() => ear.heard.length > (counts[index] as number) + 100, `${ear.name} hears more than ${counts[index]}${lost.includes(ear) ? ', in a new session' : ''}`)
  const stays = all.filter(ear => !lost.includes(ear))
  t.strictSame(stays.map(ear => ear.clientId()), stays.map(ear => before.get(ear)), 'the others go on with their session')

  const published = await Promise.all(survivors.map(node => node.stop()))
  const { history } = await bus.join(t)
  let kept: KeptEvent[] = []
  const read = async () => {
    kept = []
    for (;;) {
      const page = await history.since(KEPT, kept.at(-1)?.id ?? -2, 1000)
      kept.push(...page?.events ?? [])
      if (page === null || page.events.length === 0) return
    }
  }
  await until(async () => {
    await read()
    return published.every((count, index) => kept.some(({ event: { data } }) => (data as { by: string, n: number }).by === String(index + 1) && (data as { n: number }).n === count - 1))
  }, 'all is kept')
  const wanted = kept.map(({ event: { data: { by, n } } }: any) => `${by} ${n}`)
  for (const ear of replaying) {
    await until(() => ear.heard.length >= wanted.length, `${ear.name} hears ${wanted.length}`)
    t.strictSame(ear.heard.map(({ data: { by, n } }) => `${by} ${n}`), wanted, `${ear.name}: nothing lost, nothing doubled, in the order of the history`)
  }
  for (const ear of others) {
    // Who polled there, or had a socket there for a session elsewhere, may have missed what was on its way, as who has lost the session.
    const undisturbed = !lost.includes(ear) && /^(cometd|own) over websocket/.test(ear.name)
    const next = new Map<string, number>()
    const wrong = ear.heard.filter(({ data: { by, n } }) => {
      const known = next.get(by) ?? -1
      next.set(by, n)
      return undisturbed ? known >= 0 && by !== '0' && n !== known + 1 : n <= known
    })
    t.strictSame(wrong, [], `${ear.name}: nothing doubled, in order${undisturbed ? ', nothing missed' : ''}`)
  }
})
