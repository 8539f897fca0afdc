/** The `cometd` client of npm, unmodified, with a replay extension as Salesforce's clients bring it. */
import { AckExtension } from 'cometd'
import t, { type Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { handshake, handshaken, makeCometd, publish, subscribe, type CometD, type Message, type TransportName } from '../harness/cometd-client.js'
import { startCutProxy } from '../harness/cut-proxy.js'
import { startGateway } from '../harness/gateway.js'
import { startKillableGateway } from '../harness/killable-gateway.js'
import { ReplayExtension } from '../harness/replay-extension.js'
import { until } from '../harness/until.js'

const transports: readonly TransportName[] = ['websocket', 'long-polling']
const CHANNEL = '/event/Order__e'
const options: RealtimeOptions = { channels: { '/event/*': { history: { size: 100_000 }, replay: 'salesforce' } }, limits: { clientWaiting: 20_000, clientResumed: 5000 } }

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number)

/** Subscribes in a listener for handshakes, as applications do; with an id that is gone it takes what there is. */
function listen (client: CometD, replay: ReplayExtension, channel: string = CHANNEL): { heard: number[], refused: string[], granted: () => number } {
  const heard: number[] = []
  const refused: string[] = []
  let granted = 0
  const ask = () => client.subscribe(channel, ({ data }) => heard.push(data.payload), reply => {
    if (reply.successful === true) granted++
    else if (/^400::The replayId /.test(reply.error ?? '')) {
      refused.push(reply.error as string)
      replay.positions[channel] = -2
      ask()
    }
  })
  client.registerExtension('replay', replay)
  client.addListener('/meta/handshake', ({ successful }: Message) => { if (successful === true) ask() })
  return { heard, refused, granted: () => granted }
}

for (const transport of transports) {
  t.test(`over ${transport}`, async t => {
    t.test('all that is kept, then what is live; and what came after the last one, for a new client', async t => {
      const { app, url } = await startGateway(t, options)
      for (const payload of upTo(300)) app.realtime.publish(CHANNEL, { payload })
      const replay = new ReplayExtension({ [CHANNEL]: -2 })
      const client = makeCometd(t, url, { transport })
      const { heard } = listen(client, replay)
      await handshake(client)
      await until(() => heard.length >= 300, 'the past')
      t.match(await publish(client, CHANNEL, { payload: 300 }), { successful: true })
      await until(() => heard.length >= 301, 'its own')
      t.strictSame(heard, upTo(301))
      client.disconnect()
      for (const payload of [301, 302]) app.realtime.publish(CHANNEL, { payload })

      // Whoever comes next has only what was written down; this one looks in `ext`, and says what it knows.
      const next = makeCometd(t, url, { transport })
      const later = listen(next, new ReplayExtension({ ...replay.positions }, 'ext', true))
      t.match(await handshake(next), { ext: { replay: true } })
      await until(() => later.heard.length >= 2, 'what it missed')
      app.realtime.publish(CHANNEL, { payload: 303 })
      await until(() => later.heard.length >= 3, 'what is new')
      t.strictSame(later.heard, [301, 302, 303])
    })

    t.test('only what is new, where it asks for that, or for nothing', async t => {
      const { app, url } = await startGateway(t, options)
      for (const payload of upTo(3)) app.realtime.publish(CHANNEL, { payload })
      for (const replay of [new ReplayExtension({ [CHANNEL]: -1 }), new ReplayExtension({ '/event/Other__e': -2 })]) {
        const client = makeCometd(t, url, { transport })
        const { heard, granted } = listen(client, replay)
        await handshake(client)
        await until(() => granted() === 1, 'subscribed')
        app.realtime.publish(CHANNEL, { payload: 'new' })
        await until(() => heard.length >= 1, 'the new one')
        t.strictSame(heard, ['new'])
      }
    })

    t.test('a pattern', async t => {
      const { app, url } = await startGateway(t, options)
      for (const payload of upTo(10)) for (const channel of [CHANNEL, '/event/Other__e']) app.realtime.publish(channel, { payload })
      const client = makeCometd(t, url, { transport })
      const { heard } = listen(client, new ReplayExtension({ '/event/*': -2 }), '/event/*')
      await handshake(client)
      await until(() => heard.length >= 20, 'all of both')
      t.strictSame([...heard].sort((one, other) => one - other), upTo(20).map(number => number >> 1))
    })

    for (const ack of [false, true]) t.test(`the connection breaks in the middle of a stream, ${ack ? 'with' : 'without'} ack`, t => breaks(t, transport, ack))

    t.test('the gateway forgets everything: the old id is refused in words that it knows', async t => {
      const gateway = await startKillableGateway(t, options, true)
      const replay = new ReplayExtension({ [CHANNEL]: -2 })
      const client = makeCometd(t, gateway.url, { transport })
      const { heard, refused, granted } = listen(client, replay)
      await handshaken(client)
      for (const payload of upTo(5)) t.match(await publish(client, CHANNEL, { payload }), { successful: true })
      await until(() => heard.length >= 5, 'before')
      const last = replay.positions[CHANNEL]
      await gateway.kill()
      await gateway.restart()
      const other = makeCometd(t, gateway.url, { transport })
      await handshaken(other)
      t.match(await publish(other, CHANNEL, { payload: 5 }), { successful: true })
      await until(() => granted() >= 2, 'subscribed again')
      t.match(await publish(other, CHANNEL, { payload: 6 }), { successful: true })
      await until(() => heard.includes(6), 'after')
      t.strictSame(heard, upTo(7))
      t.strictSame([...new Set(refused)], [`400::The replayId {${last}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.`])
    })
  })
}

/** Without ack what was on its way is lost while a session lives, so it loses its session as well, and asks for the rest. */
async function breaks (t: Test, transport: TransportName, ack: boolean): Promise<void> {
  const { app, url } = await startGateway(t, { ...options, maxInterval: 300 })
  const proxy = await startCutProxy(t, Number(new URL(url).port))
  const client = makeCometd(t, `http://127.0.0.1:${proxy.port}/realtime`, { transport, maxNetworkDelay: 2000 })
  if (ack) client.registerExtension('ack', new AckExtension())
  const { heard, refused } = listen(client, new ReplayExtension({ [CHANNEL]: -2 }))
  let published = 0
  const publishing = setInterval(() => {
    for (let n = 0; n < 5; n++) app.realtime.publish(CHANNEL, { payload: published++, text: 'x'.repeat(500) })
  }, 1)
  t.teardown(() => clearInterval(publishing))
  await handshaken(client)
  let sessions = 1
  for (let cut = 0; cut < 4; cut++) {
    const before = heard.length
    await until(() => heard.length > before + 200, 'the stream flows')
    // Some in the session that it has, some until that is gone.
    const stays = !ack || cut % 2 === 1
    const clientId = client.getClientId() as string
    proxy.cut(stays)
    if (!stays) continue
    await until(() => !app.realtime.sessions.has(clientId), 'its session is gone')
    proxy.mend()
    await until(() => client.getClientId() !== clientId && app.realtime.sessions.has(client.getClientId() as string), 'a new session')
    sessions++
  }
  const before = heard.length
  await until(() => heard.length > before + 200, 'the stream flows again')
  clearInterval(publishing)
  await until(() => heard.length >= published, `all ${published}`)
  t.strictSame(heard, upTo(published), 'nothing doubled, nothing missing, in order')
  t.strictSame(refused, [])
  t.ok(sessions > 1)
}

t.test('an id that is refused leaves no ghost: the channel is subscribed to again', async t => {
  const { app, url } = await startGateway(t, options)
  app.realtime.publish(CHANNEL, { payload: 1 })
  const client = makeCometd(t, url)
  await handshake(client)
  const { reply } = await subscribe(client, CHANNEL, () => {}, { ext: { replay: { [CHANNEL]: 1 } } })
  t.match(reply, { successful: false, subscription: CHANNEL, error: /^400::The replayId \{1\} you/ })
  const again = await subscribe(client, CHANNEL, () => {}, { ext: { replay: { [CHANNEL]: -2 } } })
  t.match(again.reply, { successful: true })
})
