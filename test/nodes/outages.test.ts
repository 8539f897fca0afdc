/** The bus is killed, or one node is cut off from it: each goes on by itself, and what was missed is made good. */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Backplane, RealtimeOptions } from '../../lib/index.js'
import { onEachBus, type RealBus } from '../harness/buses.js'
import { startCutProxy } from '../harness/cut-proxy.js'
import { cometdEar, fayeEar, hears, ownEar, wrongWith, type Ear } from '../harness/ears.js'
import { startNodes, type Nodes } from '../harness/nodes.js'
import { until } from '../harness/until.js'

const LOOSE = '/load/one'
const KEPT = '/kept/one'
const options: RealtimeOptions = {
  channels: { '/kept/*': { history: { size: 100_000 } } },
  limits: { outboxEvents: 100_000, outboxBytes: 2 ** 26, nodeBeat: 100, nodeSilence: 1000 }
}

/** Three nodes, each with a client of every make on a socket of its own. @param ports by which each reaches the bus */
async function startAll (t: Test, bus: RealBus, more: RealtimeOptions['limits'] = {}, ports: (number | undefined)[] = []) {
  const memberships = [await bus.join(t, ports[0]), await bus.join(t, ports[1]), await bus.join(t, ports[2])] as const
  const at = (index: number) => memberships[index] as typeof memberships[0]
  const nodes = await startNodes(t, 3, index => at(index).backplane, index => ({ ...options, history: at(index).history, limits: { ...options.limits, ...more } }))
  const ears: Ear[] = []
  for (const { url } of nodes) {
    for (const ear of [await cometdEar(t, url, 'websocket'), await fayeEar(t, url, 'websocket'), await ownEar(t, url, 'long-polling', { ack: true })]) {
      await ear.subscribe('/load/*')
      await ear.subscribe(KEPT)
      ears.push(ear)
    }
  }
  return { nodes, ears, histories: memberships.map(({ history }) => history) }
}

/**
 * Every node publishes until it is told to stop, and now and then to the channel with a history, which may be away.
 * @returns how often each has published to the other
 */
function load (nodes: Nodes<Backplane>): { counts: number[], stop: () => Promise<void> } {
  const over = new AbortController()
  const counts = nodes.map(() => 0)
  const running = nodes.map(async ({ app }, by) => {
    const client = app.realtime.inject()
    await client.handshake()
    const kept: Promise<unknown>[] = []
    while (!over.signal.aborted) {
      const n = counts[by] as number
      app.realtime.publish(LOOSE, { by, n })
      if (n % 20 === 0) kept.push(client.publish(KEPT, { by, n }).catch(() => {}))
      counts[by] = n + 1
      await sleep(5)
    }
    await Promise.all(kept)
    client.close()
  })
  const stop = async () => {
    over.abort()
    await Promise.all(running)
  }
  return { counts, stop }
}

const healthOf = ({ app }: Nodes<Backplane>[0]) => app.realtime.health()

async function everyoneHasHeard (t: Test, ears: readonly Ear[], counts: readonly number[]): Promise<void> {
  const wanted = new Map(counts.map((count, by) => [`${LOOSE} ${by}`, count]))
  const total = counts.reduce((sum, count) => sum + count)
  for (const ear of ears) {
    const loose = () => ear.heard.filter(({ channel }) => channel === LOOSE)
    await until(() => loose().length >= total, `${ear.name} hears ${total}`).catch(error => t.fail(`${error.message}: ${wrongWith(loose(), wanted)}`))
    t.equal(wrongWith(loose(), wanted), null, `${ear.name}: each once, in order`)
  }
}

/** What the history has is what everybody has heard, in that order. */
async function everyoneHasHeardWhatIsKept (t: Test, ears: readonly Ear[], { histories }: Pick<Awaited<ReturnType<typeof startAll>>, 'histories'>): Promise<void> {
  const wanted: unknown[] = []
  for (let after = -2; ;) {
    const page = await histories[0]?.since(KEPT, after, 1000)
    if (!page || page.events.length === 0) break
    wanted.push(...page.events.map(({ event }) => event.data))
    after = page.last
  }
  t.ok(wanted.length > 0, `${wanted.length} are kept`)
  for (const ear of ears) {
    const kept = () => ear.heard.filter(({ channel }) => channel === KEPT).map(({ data }) => data)
    await until(() => kept().length >= wanted.length, `${ear.name} hears ${wanted.length} of the history`)
    t.strictSame(kept(), wanted, `${ear.name}: as the history has it`)
  }
}

onEachBus(t, async (t, start) => {
  t.test('the bus is killed and starts again', async t => {
    const bus = await start(t)
    const all = await startAll(t, bus)
    const { nodes, ears } = all
    const clients = ears.map(ear => ear.clientId())
    const { counts, stop } = load(nodes)
    await until(() => ears.every(({ heard }) => heard.length > 100), 'all hear')
    await bus.server.kill()
    await until(() => nodes.every(node => healthOf(node).backplane?.ok === false && !healthOf(node).ok), 'they say so')
    const heardThen = ears.map(({ heard }) => heard.length)
    await until(() => ears.every(({ heard }, index) => heard.length > (heardThen[index] as number) + 50), 'each node goes on by itself')
    await bus.server.start()
    await until(() => nodes.every(node => healthOf(node).ok), 'all is well')
    const heardNow = ears.map(({ heard }) => heard.length)
    await until(() => ears.every(({ heard }, index) => heard.length > (heardNow[index] as number) + 300), 'all hear again')
    await stop()
    await everyoneHasHeard(t, ears, counts)
    await everyoneHasHeardWhatIsKept(t, ears, all)
    t.strictSame(ears.map(ear => ear.clientId()), clients, 'nobody had to shake hands again')
    for (const { app } of nodes) t.match(app.realtime.metrics(), { backplaneMissed: 0, nodes: 3 })
    t.ok(nodes.some(({ app }) => app.realtime.metrics().backplaneRecovered > 0), 'some was said later')
  })

  t.test('what can not be said later is counted', async t => {
    const bus = await start(t)
    const { nodes, ears } = await startAll(t, bus, { backplaneEvents: 10 })
    const [one] = nodes
    const say = (from: number, count: number) => { for (let n = from; n < from + count; n++) one.app.realtime.publish(LOOSE, { by: 0, n }) }
    say(0, 5)
    for (const ear of ears) await hears(ear, 5)
    await bus.server.kill()
    await until(() => nodes.every(node => healthOf(node).backplane?.ok === false))
    say(5, 30)
    await bus.server.start()
    await until(() => nodes.slice(1).every(({ app }) => app.realtime.metrics().backplaneMissed === 20), 'the others know')
    say(35, 1)
    for (const [index, ear] of ears.entries()) {
      await until(() => ear.heard.at(-1)?.data.n === 35, `${ear.name} hears the last`)
      const heard = ear.heard.map(({ data }) => data.n)
      t.strictSame(heard, index < 3 ? Array.from({ length: 36 }, (_, n) => n) : [0, 1, 2, 3, 4, ...Array.from({ length: 11 }, (_, n) => 25 + n)], `${ear.name}: the last ten, in order`)
    }
    for (const { app } of nodes.slice(1)) {
      t.equal(app.realtime.metrics().backplaneRecovered, 10)
      t.equal(app.realtime.health().backplane?.missed, 20)
    }
  })

  for (const how of ['cut', 'stall'] as const) {
    t.test(`one node is off the bus for a while: ${how}`, async t => {
      const bus = await start(t)
      const proxy = await startCutProxy(t, bus.server.port)
      const all = await startAll(t, bus, {}, [proxy.port])
      const { nodes, ears } = all
      const clients = ears.map(ear => ear.clientId())
      const { counts, stop } = load(nodes)
      await until(() => ears.every(({ heard }) => heard.length > 100), 'all hear')
      for (let time = 0; time < 2; time++) {
        if (how === 'cut') proxy.cut(true)
        else proxy.stall()
        await until(() => healthOf(nodes[0]).backplane?.ok === false, 'it says so')
        await until(() => nodes.slice(1).every(({ app }) => app.realtime.metrics().nodes === 2), 'the others miss it')
        const [first, ...rest] = counts
        await until(() => counts[0] as number > (first as number) + 50 && rest.every((count, index) => counts[index + 1] as number > count + 50))
        proxy.mend()
        await until(() => nodes.every(node => healthOf(node).ok && node.app.realtime.metrics().nodes === 3), 'they are together')
        const heardNow = ears.map(({ heard }) => heard.length)
        await until(() => ears.every(({ heard }, index) => heard.length > (heardNow[index] as number) + 100), 'all hear again')
      }
      await stop()
      await everyoneHasHeard(t, ears, counts)
      await everyoneHasHeardWhatIsKept(t, ears, all)
      t.strictSame(ears.map(ear => ear.clientId()), clients, 'nobody had to shake hands again')
      for (const { app } of nodes) t.equal(app.realtime.metrics().backplaneMissed, 0)
    })
  }
})
