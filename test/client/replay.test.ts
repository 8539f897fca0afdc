/** Subscriptions with a replay: nothing is missed and nothing comes twice, whatever breaks. */
import t, { type Test } from 'tap'
import type { ChannelEvent, TransportName } from '../../lib/client/index.js'
import type { RealtimeOptions } from '../../lib/index.js'
import { startCutProxy } from '../harness/cut-proxy.js'
import { startGateway, type Gateway } from '../harness/gateway.js'
import { startKillableGateway } from '../harness/killable-gateway.js'
import { makeClient, transports } from '../harness/realtime-client.js'
import { until, within } from '../harness/until.js'

const options: RealtimeOptions = { channels: { '/chat/*': { history: { size: 100_000 } } }, limits: { clientWaiting: 20_000, clientResumed: 5000 } }
const upTo = (count: number) => Array.from({ length: count }, (_, number) => number)

for (const transport of transports) {
  t.test(`over ${transport}`, async t => {
    t.test('all that is kept, what came after an event, and only what is new', t => begins(t, transport))
    for (const ack of [false, true]) t.test(`the connection breaks in the middle of a stream, ${ack ? 'with' : 'without'} ack`, t => breaks(t, transport, ack))
    t.test('only what is new, and nothing of that is missed', t => standsStill(t, transport))
    t.test('a pattern, in a new session', t => pattern(t, transport))
    t.test('the gateway forgets everything', t => forgotten(t, transport))
  })
}

async function begins (t: Test, transport: TransportName): Promise<void> {
  const { app, url } = await startGateway(t, options)
  for (const number of upTo(300)) app.realtime.publish('/chat/a', number)
  const client = makeClient(t, url, { transport })
  const heard: ChannelEvent[] = []
  const chat = client.subscribe('/chat/a', event => heard.push(event), { replay: -2 })
  await until(() => heard.length >= 300, 'the past')
  await within(client.publish('/chat/a', 300), 'an acknowledgement')
  await until(() => heard.length >= 301, 'what is new')
  t.strictSame(heard.map(({ data }) => data), upTo(301))
  // Who comes second takes part from now on.
  const second: unknown[] = []
  const late = client.subscribe('/chat/a', ({ data }) => second.push(data), { replay: -2 })
  await within(late.ready, 'granted')
  app.realtime.publish('/chat/a', 301)
  await until(() => second.length >= 1)
  t.strictSame(second, [301])
  chat.close()
  late.close()

  const id = heard[290]?.ext?.replayId as number
  const other = makeClient(t, url, { transport })
  const rest: unknown[] = []
  for await (const { data } of other.subscribe('/chat/a', { replay: id })) {
    rest.push(data)
    if (data === 301) break
  }
  t.strictSame(rest, upTo(302).slice(291))
  await t.rejects(within(other.subscribe('/chat/a', { replay: 5 }).ready, 'an answer'), { code: 400, message: /^400::The replayId \{5\}/ })
  await t.rejects(within(other.subscribe('/chat/*', { replay: 5 }).ready, 'an answer'), { code: 400 })
}

/** Without ack what was on its way is lost while a session lives, so it loses its session as well, and asks for the rest. */
async function breaks (t: Test, transport: TransportName, ack: boolean): Promise<void> {
  const { app, url } = await startGateway(t, { ...options, maxInterval: 300 })
  const proxy = await startCutProxy(t, Number(new URL(url).port))
  const client = makeClient(t, `http://127.0.0.1:${proxy.port}/realtime`, { transport, ack, maxNetworkDelay: 2000 })
  const [heard, errors]: [unknown[], unknown[]] = [[], []]
  client.on('error', error => errors.push(error))
  let sessions = 0
  client.on('session', () => sessions++)
  client.subscribe('/chat/a', ({ data }) => heard.push((data as { number: number }).number), { replay: -2 })
  let published = 0
  const publishing = setInterval(() => {
    for (let n = 0; n < 5; n++) app.realtime.publish('/chat/a', { number: published++, text: 'x'.repeat(500) })
  }, 1)
  t.teardown(() => clearInterval(publishing))
  for (let cut = 0; cut < 4; cut++) {
    const before = heard.length
    await until(() => heard.length > before + 200, 'the stream flows')
    const lost = !ack || cut % 2 === 1
    const clientId = client.clientId as string
    proxy.cut(lost)
    if (!lost) continue
    await until(() => !app.realtime.sessions.has(clientId), 'its session is gone')
    proxy.mend()
  }
  const before = heard.length
  await until(() => heard.length > before + 200, 'the stream flows again')
  clearInterval(publishing)
  await until(() => heard.length >= published, `all ${published}`)
  t.strictSame(heard, upTo(published), 'nothing doubled, nothing missing, in order')
  t.strictSame(errors, [])
  t.ok(sessions > 1, `${sessions} sessions`)
}

/** Ends the session of a client as an expiry does, while something is published. */
async function loseSession ({ app }: Gateway, proxy: Awaited<ReturnType<typeof startCutProxy>>, meanwhile: () => void): Promise<void> {
  proxy.cut(true)
  await until(() => app.realtime.sessions.size === 0, 'the session is gone')
  meanwhile()
  proxy.mend()
}

async function behindProxy (t: Test, transport: TransportName) {
  const gateway = await startGateway(t, { ...options, maxInterval: 100 })
  const proxy = await startCutProxy(t, Number(new URL(gateway.url).port))
  const client = makeClient(t, `http://127.0.0.1:${proxy.port}/realtime`, { transport })
  return { gateway, proxy, client, realtime: gateway.app.realtime }
}

async function standsStill (t: Test, transport: TransportName): Promise<void> {
  const { gateway, proxy, client, realtime } = await behindProxy(t, transport)
  for (const number of upTo(3)) realtime.publish('/chat/a', number)
  const [kept, plain]: [unknown[], unknown[]] = [[], []]
  const chat = client.subscribe('/chat/a', ({ data }) => kept.push(data), { replay: -1 })
  const other = client.subscribe('/chat/b', ({ data }) => plain.push(data))
  await within(Promise.all([chat.ready, other.ready]), 'granted')
  await loseSession(gateway, proxy, () => {
    realtime.publish('/chat/a', 'meanwhile')
    realtime.publish('/chat/b', 'meanwhile')
  })
  await until(() => kept.length > 0, 'what was published while it was away')
  realtime.publish('/chat/a', 'later')
  await until(() => kept.length > 1, 'what is new')
  t.strictSame(kept, ['meanwhile', 'later'])
  t.strictSame(plain, [], 'who did not ask for it has missed it')
}

async function pattern (t: Test, transport: TransportName): Promise<void> {
  const { gateway, proxy, client, realtime } = await behindProxy(t, transport)
  const heard: string[] = []
  const publish = (from: number, to: number) => {
    for (let number = from; number < to; number++) for (const channel of ['/chat/a', '/chat/b']) realtime.publish(channel, number)
  }
  publish(0, 10)
  client.subscribe('/chat/*', ({ channel, data }) => heard.push(`${channel} ${data}`), { replay: -2 })
  await until(() => heard.length >= 20)
  publish(10, 20)
  await until(() => heard.length >= 40)
  await loseSession(gateway, proxy, () => {
    publish(20, 30)
    realtime.publish('/chat/new', 0)
  })
  await until(() => heard.length >= 61)
  publish(30, 40)
  await until(() => heard.length >= 81)
  for (const channel of ['/chat/a', '/chat/b']) t.strictSame(heard.filter(each => each.startsWith(channel)), upTo(40).map(number => `${channel} ${number}`))
  t.equal(heard.length, 81)
}

async function forgotten (t: Test, transport: TransportName): Promise<void> {
  const gateway = await startKillableGateway(t, options, true)
  const client = makeClient(t, gateway.url, { transport })
  const publisher = makeClient(t, gateway.url, { transport })
  const heard: unknown[] = []
  const errors: { code: unknown, message: string }[] = []
  client.on('error', error => errors.push(error))
  client.subscribe('/chat/a', ({ data }) => heard.push(data), { replay: -2 })
  for (const number of upTo(5)) await within(publisher.publish('/chat/a', number), 'an acknowledgement')
  await until(() => heard.length >= 5)
  await gateway.kill()
  await gateway.restart()
  for (const number of [5, 6]) await within(publisher.publish('/chat/a', number), 'an acknowledgement')
  await until(() => heard.length >= 7)
  t.strictSame(heard, upTo(7))
  t.match(errors, [{ code: 400, message: /^400::The replayId/ }], 'it says that something may have been missed')
}
