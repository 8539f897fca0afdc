/** The example of several nodes, in a process of its own, as a reader runs it: on a bus of its process, and on NATS. */
import t, { type Test } from 'tap'
import { inChromium, openPage } from './harness/chromium.js'
import { run, shake, subscribe, Visitor, type Example } from './harness/example.js'
import { startNatsServer, withNatsServer } from './harness/nats-server.js'
import type { Message } from './harness/socket-client.js'
import { until } from './harness/until.js'

/** The other of the two nodes. */
function otherOf (example: Example): Example {
  const origin = /and (\S+)\/$/.exec(example.said)?.[1] as string
  return { ...example, origin, url: `${origin}/realtime`, wsUrl: `${origin.replace('http', 'ws')}/realtime` }
}

async function knowEachOther (nodes: readonly Example[]): Promise<void> {
  const all = async (node: Example) => (await (await new Visitor(node).fetch('/health')).json() as Message).backplane.nodes
  await until(async () => (await Promise.all(nodes.map(all))).every(count => count === nodes.length), 'the nodes know each other')
}

async function bothHear (t: Test, nodes: readonly [Example, Example]): Promise<void> {
  await knowEachOther(nodes)
  const reader = await new Visitor(nodes[0]).socket(t)
  const { clientId } = await reader.ask(shake())
  t.match(await reader.ask(subscribe(clientId, '/news')), { successful: true })
  const writer = new Visitor(nodes[1])
  const { clientId: writerId } = await writer.ask(shake())
  t.not(clientId.slice(-6), writerId.slice(-6), 'they are on two nodes')
  t.match(await writer.ask({ channel: '/news', clientId: writerId, data: 'hello' }), { successful: true })
  t.match(await reader.next(message => 'data' in message), { channel: '/news', data: 'hello' })
}

t.test('nodes', async t => {
  const example = await run(t, 'nodes')
  const nodes = [example, otherOf(example)] as const
  await bothHear(t, nodes)

  inChromium(t, 'its page', async (t, browser) => {
    const [one, two] = [await openPage(t, browser, nodes[0].origin), await openPage(t, browser, nodes[1].origin)]
    for (const [page, { origin }] of [[one, nodes[0]], [two, nodes[1]]] as const) {
      t.equal(await page.locator('h1').textContent(), `Node ${new URL(origin).port}`)
      // The reader over the wire is the third.
      await page.locator('#open', { hasText: '3 open, on both nodes' }).waitFor()
    }
    await two.locator('input').fill('<b>hello</b>')
    await two.locator('input').press('Enter')
    for (const page of [one, two]) await page.locator('li', { hasText: `${new URL(nodes[1].origin).port} says <b>hello</b>` }).waitFor()
    t.equal(await one.locator('li').count(), 1)
  })
})

withNatsServer(t, async (t, program) => {
  const { port } = await startNatsServer(t, program)
  const example = await run(t, 'nodes', { NATS: `nats://127.0.0.1:${port}` })
  await bothHear(t, [example, otherOf(example)])
})
