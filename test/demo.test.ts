/** The demo as a visitor has it: its server in a process of its own, its page in a browser, all transports. */
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { createInterface } from 'node:readline'
import t from 'tap'
import type { Session } from '../lib/index.js'
import { inChromium } from './harness/chromium.js'
import { DemoPage } from './harness/demo-page.js'
import { runDemo, startDemo, startStubbornProxy } from './harness/demo.js'
import { within } from './harness/until.js'

t.setTimeout(400_000)

inChromium(t, 'the page', async (t, browser) => {
  const demo = await startDemo(t)

  t.test('shows everything over either transport, with a new client for each choice', async t => {
    const page = await DemoPage.open(t, browser, demo.url)
    await page.connectedOver('websocket')
    t.match(await page.find('.address').allTextContents(), [/^tcp localhost:\d+$/, /^tcp localhost:\d+$/, 'built in'])
    await page.openServices()
    await page.everythingFlows()
    t.pass('over both, which is a WebSocket')
    for (const transport of ['long-polling', 'websocket'] as const) {
      await page.choose(transport)
      await page.connectedOver(transport)
      await page.everythingFlows()
      t.pass(`what was subscribed flows again over ${transport}`)
    }
    await page.shows('#round-trip', /^[\d.]+ ms$/)
  })

  t.test('starts and stops numbers, and leaves a service', async t => {
    const page = await DemoPage.open(t, browser, demo.url)
    await page.toggle('random').click()
    await page.logs('service', 'random says READY')
    await page.logs('call', 'random.start(1000) → true')
    await page.changes('#random-count')
    await page.find('#random-stop').click()
    await page.logs('call', 'random.stop() → true')
    await page.toggle('random').click()
    await page.logs('unsubscribe', 'random left')
    t.ok(await page.find('#random-start').isDisabled(), 'nobody to start')
    t.equal(await page.toggle('random').textContent(), 'Subscribe')
  })

  t.test('says why a service ended, and opens it again', async t => {
    const page = await DemoPage.open(t, browser, demo.url)
    await page.toggle('random').click()
    await page.serviceIs('random', 'live')
    await page.find('#random-end').click()
    await page.serviceIs('random', 'ended')
    await page.shows('[data-service="random"] .why', 'by the service')
    await page.toggle('random').click()
    await page.serviceIs('random', 'live')
    await page.changes('#random-count')
  })

  t.test('falls back to long-polling where WebSocket is refused', async t => {
    const page = await DemoPage.open(t, browser, await startStubbornProxy(t, new URL(demo.url)))
    await page.connectedOver('long-polling')
    await page.openServices()
    await page.everythingFlows()
  })

  t.test('goes on with its session and its services when it is loaded again', async t => {
    const page = await DemoPage.open(t, browser, demo.url)
    await page.openServices()
    await page.page.reload()
    await page.everythingFlows()
    const story = await page.find('#dmsg-lines .line').allTextContents()
    const loaded = story.findLastIndex(line => line.includes('GET /demo/realtime'))
    t.notMatch(story.slice(loaded).join('\n'), 'handshake', 'no new session')
  })

  t.test('has a monitor page, where its sessions are seen and ended', async t => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    const page = await DemoPage.open(t, context, demo.url)
    await page.connectedOver('websocket')
    const opened = context.waitForEvent('page')
    await page.find('a', 'monitor').click()
    const monitor = await opened
    await monitor.locator('#services tr', { hasText: 'dmsg' }).waitFor()
    await monitor.locator('#channels tr', { hasText: '/demo/counter' }).waitFor()
    // The newest is the monitor page itself.
    await monitor.locator('#sessions').getByRole('button', { name: /^End session/ }).first().click()
    await monitor.getByRole('button', { name: 'End it', exact: true }).click()
    await page.shows('#notice-text', 'Ended from the monitor page')
  })

  for (const transport of ['websocket', 'long-polling'] as const) {
    t.test(`loses nothing when the network is cut, over ${transport}`, async t => {
      const page = await DemoPage.open(t, browser, demo.url)
      await page.choose(transport)
      await page.connectedOver(transport)
      await page.changes('#delivery-last')
      const before = await page.tally()
      await page.find('#cut').click()
      await page.shows('#countdown', 'Next attempt')
      await page.shows('#notice-text', 'The network is cut')
      t.ok((await page.tally()).swallowed > 0, 'something was lost on the wire')
      const words = `said in the dark, over ${transport}`
      await page.says(words)
      await page.shows('#chat-status', '1 waits for the connection')
      await page.mend()
      await page.connectedOver(transport)
      await page.shows('#chat-lines li', words)
      await page.changes('#delivery-last')
      const { last, received, missing, doubled } = await page.tally()
      t.same({ missing, doubled }, { missing: 0, doubled: 0 })
      t.equal(received - before.received, last - before.last, 'all of them, in order')
      t.equal(await page.find('#delivery-verdict').textContent(), 'missing: 0, doubled: 0')
      await page.logs('connect', /after [\d.]+ s without/)
    })
  }

  t.test('says that the browser is offline, and goes on when it is back', async t => {
    const page = await DemoPage.open(t, browser, demo.url)
    await page.choose('long-polling')
    await page.connectedOver('long-polling')
    await page.page.context().setOffline(true)
    await page.shows('#notice-text', 'This browser is offline')
    await page.page.context().setOffline(false)
    await page.connectedOver('long-polling')
    t.ok(await page.find('#notice').isHidden())
  })

  t.test('says why a service is refused', async t => {
    const page = await DemoPage.open(t, browser, demo.url)
    await page.choose('long-polling')
    await page.connectedOver('long-polling')
    await page.refuse(({ subscription }) => subscription === '/service/dmsg', { error: '403:/service/dmsg:Subscribing denied' })
    await page.toggle('dmsg').click()
    await page.serviceIs('dmsg', 'refused')
    await page.shows('[data-service="dmsg"] .why', '403:/service/dmsg:Subscribing denied')
    t.equal(await page.toggle('dmsg').textContent(), 'Subscribe')
  })

  t.test('says that the gateway has closed it, and connects again when it is told to', async t => {
    const page = await DemoPage.open(t, browser, demo.url)
    await page.choose('long-polling')
    await page.connectedOver('long-polling')
    await page.toggle('random').click()
    await page.logs('call', 'random.start(1000) → true')
    const letIn = await page.refuse(({ channel }) => channel === '/meta/connect', { error: '403::Go away', advice: { reconnect: 'none' } })
    await page.shows('#notice-text', 'The gateway has closed the connection: 403::Go away')
    await page.serviceIs('random', 'waiting')
    t.same(await page.find('#log li[data-kind="error"] .text').allTextContents(), ['403::Go away'], 'said once')
    await letIn()
    await page.find('#reopen').click()
    await page.connectedOver('long-polling')
    await page.serviceIs('random', 'live')
    await page.changes('#random-count')
  })

  t.test('is used by keyboard', async t => {
    const page = await DemoPage.open(t, browser, demo.url)
    await page.connectedOver('websocket')
    await page.find('input[value="both"]').focus()
    await page.page.keyboard.press('ArrowRight')
    await page.logs('transport', 'websocket chosen')
    await page.connectedOver('websocket')
    await page.toggle('random').focus()
    await page.page.keyboard.press('Enter')
    await page.serviceIs('random', 'live')
    await page.find('#cut').focus()
    await page.page.keyboard.press('Space')
    await page.shows('#cut', 'Mend the network')
    t.equal(await page.page.evaluate("getComputedStyle(document.getElementById('cut')).outlineStyle"), 'solid', 'the focus is seen')
  })

  t.test('counts down to the next attempt, and goes on when the server is back', async t => {
    const first = await startDemo(t)
    const page = await DemoPage.open(t, browser, first.url)
    await page.connectedOver('websocket')
    await page.toggle('random').click()
    await page.changes('#random-count')
    first.process.kill('SIGKILL')
    await page.shows('#notice-text', 'lost')
    await page.shows('#countdown', /^Next attempt in \d+ s$/)
    await page.serviceIs('random', 'waiting')
    await page.logs('error', /attempt \d+ in [\d.]+ s/)
    await startDemo(t, { port: new URL(first.url).port })
    await page.connectedOver('websocket')
    await page.serviceIs('random', 'live')
    await page.changes('#random-count')
    await page.logs('connect', /after [\d.]+ s without/)
    t.ok(await page.find('#notice').isHidden())
  })
})

t.test('two demos do not get in each other\'s way', async t => {
  const first = await startDemo(t)
  const { port } = new URL(first.url)
  const second = await startDemo(t, { port })
  t.not(second.url, first.url, 'a port that is taken is replaced')
  for (const { url } of [first, second]) {
    const response = await fetch(new URL('/', url))
    t.equal(response.url, url, '/ leads to the page')
    t.match(await response.text(), '<title>fastify-bayeux demo</title>')
  }
})

t.test('random speaks JSON-RPC to anybody', async t => {
  const { random } = await import('../example/demo/services/random.js')
  const service = random({ info () {} })
  const socket = connectTcp(await service.listen(0, '127.0.0.1'), '127.0.0.1')
  t.teardown(() => service.close())
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  const next = async () => (await lines.next()).value as string
  const ask = async (text: string) => {
    socket.write(`${text}\n`)
    return JSON.parse(await next())
  }
  t.equal(await next(), 'READY')
  t.match(await ask('{'), { error: { code: -32700 }, id: null })
  t.match(await ask('[]'), { error: { code: -32600 }, id: null })
  t.match(await ask('{"method":"dance","id":1}'), { error: { code: -32601 }, id: 1 })
  t.match(await ask('{"method":"start","params":[1],"id":2}'), { error: { code: -32602 }, id: 2 })
  t.match(await ask('{"method":"start","params":["x"]}'), { error: { code: -32602 }, id: null })
  t.match(await ask('{"method":"start","params":{},"id":3}'), { error: { code: -32602 } })
  t.same(await ask('{"method":"stop","id":4}'), { jsonrpc: '2.0', result: true, error: null, id: 4 })
  const { result, ...rest } = await ask('{"method":"start","params":[10]}')
  t.same(rest, { jsonrpc: '2.0', error: null, id: null })
  t.ok(Number.isInteger(result) && result >= 0 && result < 100, `a number: ${result}`)
  const ended = once(socket, 'close')
  socket.write('{"method":"end","id":5}\n')
  await within(ended, 'it hangs up')
})

t.test('nobody counts but the server, and nobody listens to everything', async t => {
  const { policy } = await import('../example/demo/policy.js')
  const nobody = {} as Session
  const words = { id: '1', name: 'Ada', text: 'Hello', at: 1 }
  t.equal(policy.canPublish?.(nobody, '/demo/counter', { run: 1, number: 1 }), false)
  t.equal(policy.canPublish?.(nobody, '/chat/demo', words), true)
  for (const wrong of [null, 'Hello', {}, { ...words, more: '' }, { ...words, name: ' ' }, { ...words, text: 1 }, { ...words, name: 'x'.repeat(33) }, { ...words, at: 'now' }]) {
    t.match(policy.canPublish?.(nobody, '/chat/demo', wrong), /^400:/, JSON.stringify(wrong))
  }
  t.equal(policy.canSubscribe?.(nobody, '/**'), false)
  t.equal(policy.canSubscribe?.(nobody, '/demo/counter'), true)
})

t.test('the command line', async t => {
  const help = await runDemo(['--help'])
  t.equal(help.code, 0)
  t.match(help.stdout, /PORT.*5151/)
  t.match(help.stdout, /HOST.*127\.0\.0\.1/)
  const unknown = await runDemo(['--frobnicate'])
  t.equal(unknown.code, 2)
  t.match(unknown.stderr, '--frobnicate')
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends it in order`, async t => {
    const demo = await startDemo(t)
    const ended = once(demo.process, 'exit')
    demo.process.kill(signal)
    t.same(await ended, [0, null])
  })
}
