/** A page that is loaded again takes up its session, and begins anew with what it wants of the past. */
import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import type { TransportName } from '../../lib/client/index.js'
import type { Policy, Realtime, RealtimeOptions } from '../../lib/index.js'
import { inChromium } from '../harness/chromium.js'
import { startGateway } from '../harness/gateway.js'
import { RealtimePage } from '../harness/page-realtime.js'
import { transports } from '../harness/realtime-client.js'
import { until } from '../harness/until.js'

t.setTimeout(300_000)

/** What happens while the gateway considers the second subscribe. */
type Meanwhile = (realtime: Realtime) => boolean | Promise<boolean>

inChromium(t, 'a page that is loaded again', async (t, browser) => {
  for (const transport of transports) {
    for (const ack of [false, true]) {
      for (const channel of ['/chat/a', '/chat/*']) {
        t.test(`${channel} over ${transport}, ${ack ? 'with' : 'without'} ack`, t => begins(t, browser, { transport, ack, channel }))
      }
    }
    t.test(`${transport}: a policy that takes its time`, t => begins(t, browser, { transport, ack: false, channel: '/chat/a', meanwhile: published }))
    t.test(`${transport}: only what is new`, t => goesOn(t, browser, transport))
    t.test(`${transport}: another subscription hears what waited for it`, t => hearsTwice(t, browser, transport))
  }
})

interface Case {
  readonly transport: TransportName
  readonly ack: boolean
  readonly channel: string
  readonly meanwhile?: Meanwhile
}

/** A page of a gateway, which leaves and comes back. */
async function open (t: Test, browser: Browser, transport: TransportName, ack: boolean, channels: RealtimeOptions['channels'], policy: Policy = {}) {
  const { url, app: { realtime } } = await startGateway(t, { maxInterval: 60_000, channels, policy })
  const options = `{ transports: ['${transport}'], ack: ${ack}, extensions: [(await import('./realtime/client.reload.js')).reload()] }`
  const page = await RealtimePage.open(t, browser, url, options)
  const clientId = await page.run('news.ready.then(() => client.clientId)')
  return {
    page,
    realtime,
    async leave () {
      await until(() => realtime.metrics().heldConnects === 1)
      await page.page.goto(`${url}/client.js`)
      await until(() => realtime.metrics().heldConnects === 0, 'the gateway sees it go')
    },
    /** @param listen what the page subscribes to */
    async comeBack (listen: string) {
      await page.page.goto(url)
      await page.load(options, url, listen)
      t.ok(realtime.sessions.has(clientId as string))
    }
  }
}

/** All that is kept comes to the new page: once, and in order. */
async function begins (t: Test, browser: Browser, { transport, ack, channel, meanwhile = justBefore }: Case): Promise<void> {
  let subscribes = 0
  const { page, realtime, leave, comeBack } = await open(t, browser, transport, ack, { '/chat/*': { history: {} } }, {
    canSubscribe: (_session, asked) => asked !== channel || ++subscribes !== 2 || meanwhile(realtime)
  })
  const listen = `window.chat = []; void client.subscribe('${channel}', ({ data }) => chat.push(data), { replay: -2 })`
  const heard = async (count: number) => {
    await page.sees(`chat.length >= ${count}`)
    return await page.run<number[]>('chat')
  }
  for (const number of [0, 1, 2]) realtime.publish('/chat/a', number)
  await page.run(listen)
  t.strictSame(await heard(3), [0, 1, 2])
  await leave()
  for (const number of [3, 4]) realtime.publish('/chat/a', number)
  await comeBack(listen)
  await heard(6)
  realtime.publish('/chat/a', 6)
  const all = await heard(7)
  // Over HTTP what a held poll brings while the subscribe is under way may come before what is older.
  if (transport === 'long-polling' && meanwhile === published) all.sort()
  t.strictSame(all, [0, 1, 2, 3, 4, 5, 6])
  t.equal(realtime.sessions.size, 1, 'in the same session')
}

function justBefore (realtime: Realtime): boolean {
  realtime.publish('/chat/a', 5)
  return true
}

async function published (realtime: Realtime): Promise<boolean> {
  await until(() => realtime.metrics().heldConnects === 1, 'the page is back')
  const { messagesIn } = realtime.metrics()
  realtime.publish('/chat/a', 5)
  // Over HTTP the page has it when it asks for more.
  const [session] = realtime.sessions.values()
  await until(() => session?.transport === 'websocket' || realtime.metrics().messagesIn > messagesIn)
  return true
}

/** Who wants nothing of the past is given what waited for the page. */
async function goesOn (t: Test, browser: Browser, transport: TransportName): Promise<void> {
  const { page, realtime, leave, comeBack } = await open(t, browser, transport, true, { '/chat/*': { history: {} } })
  const listen = "window.chat = []; window.subscription = client.subscribe('/chat/a', ({ data }) => chat.push(data), { replay: -1 })"
  realtime.publish('/chat/a', 0)
  await page.run(`${listen}; subscription.ready`)
  await leave()
  for (const number of [1, 2]) realtime.publish('/chat/a', number)
  await comeBack(listen)
  await page.run('subscription.ready')
  realtime.publish('/chat/a', 3)
  await page.sees('chat.includes(3)')
  t.strictSame(await page.run('chat'), [1, 2, 3])
}

/** What waited for a subscription that wants nothing of the past is not forgotten, where another one begins anew. */
async function hearsTwice (t: Test, browser: Browser, transport: TransportName): Promise<void> {
  const { page, realtime, leave, comeBack } = await open(t, browser, transport, true, { '/chat/*': { history: { size: 1 } } })
  const listen = `
    window.plain = []
    window.chat = []
    client.subscribe('/chat/*', ({ data }) => plain.push(data))
    window.subscription = client.subscribe('/chat/a', ({ data }) => chat.push(data), { replay: -2 })`
  await page.run(`${listen}; subscription.ready`)
  await leave()
  for (const number of [0, 1, 2]) realtime.publish('/chat/a', number)
  await comeBack(listen)
  await page.sees('chat.includes(2)')
  realtime.publish('/chat/a', 3)
  await page.sees('chat.includes(3) && plain.includes(3)')
  t.strictSame(await page.run('chat'), [2, 3])
  t.strictSame(new Set(await page.run<number[]>('plain')), new Set([0, 1, 2, 3]))
}
