/** The configurations of `example/balancers`: HAProxy and nginx as Debian has them, three nodes behind them, and real clients. */
import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { readOptions } from '../../lib/options/index.js'
import { startBalancedNodes, type BalancedNode } from '../harness/balanced-nodes.js'
import { startBalancer, type Balancer } from '../harness/balancer.js'
import { handshaken, makeCometd, publish, subscribe } from '../harness/cometd-client.js'
import { folder } from '../harness/example.js'
import { settled, speak } from '../harness/faye-client.js'
import { withProgram } from '../harness/installed-server.js'
import { inState, makeClient, transports } from '../harness/realtime-client.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

const sum = (nodes: readonly BalancedNode[], figure: 'relayed' | 'sessions') => nodes.reduce((all, { app }) => all + app.realtime.metrics()[figure], 0)

/** Who answers so many requests, one after the other. */
async function answerers ({ origin }: Balancer, count: number): Promise<Set<number>> {
  const found = new Set<number>()
  for (let n = 0; n < count; n++) {
    const response = await fetch(`${origin}/who`)
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
    found.add(await response.json() as number)
  }
  return found
}

/** Real clients of two kinds over both transports, and what all of them say to each other. */
async function conversation (t: Test, { url }: Balancer): Promise<void> {
  const heard: unknown[][] = []
  const ear = () => heard[heard.push([]) - 1] as unknown[]
  const say: ((data: string) => PromiseLike<unknown>)[] = []
  for (const transport of transports) {
    const cometd = makeCometd(t, url, { transport, cookies: 'jar' })
    await handshaken(cometd)
    const cometdHears = ear()
    await subscribe(cometd, '/chat/*', ({ data }) => { cometdHears.push(data) })
    say.push(data => publish(cometd, '/chat/lobby', `CometD over ${transport} ${data}`))
    const { client: faye } = speak(t, url, transport)
    const fayeHears = ear()
    await settled(faye.subscribe('/chat/*', data => fayeHears.push(data)), 'subscribed')
    say.push(data => settled(faye.publish('/chat/lobby', `Faye over ${transport} ${data}`), 'published'))
  }
  // One after the other, so that there is one order.
  for (const round of ['one', 'two', 'three']) for (const each of say) await each(round)
  await until(() => heard.every(({ length }) => length >= 12), 'all hear all')
  for (const events of heard) t.strictSame(events, heard[0], 'each hears each once, in the same order')
}

/** The address of a client that lies about it, as the gateway sees it. */
async function addressIsThatOfTheConnection (t: Test, nodes: readonly BalancedNode[], { wsUrl }: Balancer): Promise<void> {
  const lies = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
  const client = await SocketClient.connect(t, wsUrl, { localAddress: '127.0.0.2', headers: lies })
  const session = nodes.map(({ app }) => app.realtime.sessions.get(client.clientId)).find(Boolean)
  t.equal(session?.caller.address, '127.0.0.2')
  t.equal(session?.caller.url, wsUrl.replace('ws:', 'http:'))
}

/** A node that closes and is still there: nobody is turned away because of it, publishes neither where the balancer asks the nodes. */
async function closing (t: Test, [a, ...others]: Awaited<ReturnType<typeof startBalancedNodes>>, balancer: Balancer, asks: boolean): Promise<void> {
  const hurry = await a.closeSlowly()
  for (let n = 0; n < 6; n++) await SocketClient.connect(t, balancer.wsUrl)
  if (asks) for (let n = 0; n < 6; n++) await new PollClient(balancer.url).start()
  t.equal(await answerers(balancer, 6).then(found => found.has(0)), false)
  await hurry()
  t.equal(await answerers(balancer, 6).then(found => found.has(0)), false)
  const before = sum(others, 'sessions')
  for (let n = 0; n < 3; n++) await new PollClient(balancer.url).start()
  t.equal(sum(others, 'sessions'), before + 3)
}

/** Clients of a node that leaves: its balancer learns it first, where it asks, then they are sent on. */
async function leaving (t: Test, nodes: Awaited<ReturnType<typeof startBalancedNodes>>, balancer: Balancer, asks: boolean): Promise<void> {
  const clients = transports.map(transport => makeClient(t, balancer.url, { transport }))
  const heard: unknown[][] = clients.map(() => [])
  for (const [index, client] of clients.entries()) client.subscribe('/news', ({ data }) => heard[index]?.push(data))
  for (const client of clients) await inState(client, 'connected')
  const home = nodes.find(({ app }) => app.realtime.sessions.size > 0) as BalancedNode
  const index = nodes.indexOf(home)
  if (asks) {
    home.leave()
    await until(async () => !(await answerers(balancer, 6)).has(index), 'the balancer has heard that it leaves')
    t.ok(home.app.realtime.sessions.size > 0, 'who is there already may stay until it closes')
  }
  await home.app.close()
  const others = nodes.filter(node => node !== home)
  await until(() => {
    others[0]?.app.realtime.publish('/news', 'still there?')
    return heard.every(({ length }) => length > 0)
  }, 'they are back on other nodes')
}

/** @param asks whether it asks the nodes how they are */
function behind (t: Test, program: string, name: string, { sticky, asks }: { sticky: boolean, asks: boolean }): void {
  t.test(name, async t => {
    const start = async (t: Test) => {
      const nodes = await startBalancedNodes(t)
      return { nodes, balancer: await startBalancer(t, program, name, nodes.map(({ port }) => port)) }
    }
    t.test('CometD\'s and Faye\'s clients, over both transports', async t => {
      const { nodes, balancer } = await start(t)
      t.equal((await answerers(balancer, 30)).size, 3, 'all nodes are asked')
      await conversation(t, balancer)
      await addressIsThatOfTheConnection(t, nodes, balancer)
    })
    t.test('who polls', async t => {
      const { nodes, balancer } = await start(t)
      const { client } = speak(t, balancer.url, 'long-polling')
      const heard: unknown[] = []
      await settled(client.subscribe('/a', data => heard.push(data)), 'subscribed')
      for (let n = 0; n < 6; n++) await settled(client.publish('/a', n), 'published')
      await until(() => heard.length === 6)
      if (sticky) t.equal(sum(nodes, 'relayed'), 0, 'meets its own node each time')
      else t.ok(sum(nodes, 'relayed') > 0, 'meets any node')
    })
    t.test('a node that closes', async t => {
      const { nodes, balancer } = await start(t)
      await closing(t, nodes, balancer, asks)
    })
    t.test('a node that leaves', async t => {
      const { nodes, balancer } = await start(t)
      await leaving(t, nodes, balancer, asks)
    })
  })
}

withProgram(t, 'haproxy', 'haproxy', async (t, program) => {
  behind(t, program, 'haproxy.cfg', { sticky: false, asks: true })
  behind(t, program, 'haproxy-sticky.cfg', { sticky: true, asks: true })
})

withProgram(t, 'nginx', 'nginx-light', async (t, program) => {
  behind(t, program, 'nginx.conf', { sticky: false, asks: false })
  behind(t, program, 'nginx-sticky.conf', { sticky: true, asks: false })
})

t.test('no balancer gives up while a client is silent that may be', async t => {
  const { timeout, limits: { websocketSilence, websocketPong } } = readOptions()
  const silent = { 'haproxy.cfg': /timeout (?:client|server|tunnel) (\d+)s/g, 'nginx.conf': /proxy_(?:read|send)_timeout (\d+)s/g }
  for (const [name, pattern] of Object.entries(silent)) {
    for (const file of [name, name.replace('.', '-sticky.')]) {
      const waits = [...(await readFile(folder(`example/balancers/${file}`), 'utf8')).matchAll(pattern)].map(([, seconds]) => Number(seconds) * 1000)
      t.equal(waits.length, name === 'haproxy.cfg' ? 3 : 2)
      for (const wait of waits) t.ok(wait > timeout && wait > websocketSilence + websocketPong, `${file}: ${wait} ms`)
    }
  }
})
