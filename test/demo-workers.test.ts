/** The demo on several workers, as a visitor has it: one port, one page, one chat, whichever worker answers, and if it dies. */
import { once } from 'node:events'
import t from 'tap'
import { readArguments } from '../example/demo/arguments.js'
import { inChromium } from './harness/chromium.js'
import { DemoPage } from './harness/demo-page.js'
import { openElsewhere, startDemoWorkers, withPathTo, workerOf } from './harness/demo-workers.js'
import { runDemo } from './harness/demo.js'
import { freePort } from './harness/free-port.js'
import { lives } from './harness/living.js'
import { startNatsServer, withNatsServer } from './harness/nats-server.js'
import { childrenOf } from './harness/processes.js'
import { until, within } from './harness/until.js'

t.setTimeout(400_000)

withNatsServer(t, async (t, program) => {
  inChromium(t, 'the page', async (t, browser) => {
    const demo = await startDemoWorkers(t, program)

    t.test('is one page, whichever worker it is on', async t => {
      const context = await browser.newContext()
      t.teardown(() => context.close())
      const ada = await DemoPage.open(t, context, demo.url)
      const grace = await openElsewhere(t, browser, demo.url, ada)
      for (const page of [ada, grace]) await page.changes('#delivery-last')
      const before = await Promise.all([ada, grace].map(page => page.tally()))
      await ada.isCalled('Ada')
      await grace.isCalled('Grace')
      await ada.present('Ada you', 'Grace')
      await grace.present('Grace you', 'Ada')

      await ada.says('Is anybody there?')
      await grace.shows('#chat-lines li', /^Ada.*Is anybody there\?$/)
      await grace.says('Yes, on another worker')
      await ada.shows('#chat-lines li', /^Grace.*Yes, on another worker$/)
      const late = await DemoPage.open(t, browser, demo.url)
      for (const page of [grace, late]) await page.shows('#chat-lines li', 'Yes, on another worker')
      for (const page of [ada, grace, late]) t.same(await page.said(), ['Is anybody there?', 'Yes, on another worker'], 'each once, in order')

      const second = await openElsewhere(t, context, demo.url, ada)
      await grace.shows('#chat-people li', /^Ada\s*2 tabs$/)
      t.not(await workerOf(second), await workerOf(ada))
      await second.close()
      await grace.shows('#chat-people li', /^Ada$/)

      for (const page of [ada, grace]) {
        await page.openServices()
        await page.everythingFlows()
      }
      for (const [index, page] of [ada, grace].entries()) {
        const { last, received, missing, doubled } = await page.tally()
        t.same({ missing, doubled }, { missing: 0, doubled: 0 })
        t.equal(received - before[index]!.received, last - before[index]!.last, 'somebody counts, and nobody else')
      }
    })

    t.test('is one page over long-polling, whose polls go anywhere', async t => {
      const pages = [await DemoPage.open(t, browser, demo.url), await DemoPage.open(t, browser, demo.url)] as const
      for (const [index, page] of pages.entries()) {
        await page.choose('long-polling')
        await page.connectedOver('long-polling')
        await page.isCalled(`Poller ${index + 1}`)
      }
      const [one, two] = pages
      await one.shows('#chat-people li', 'Poller 2')
      await two.shows('#chat-people li', 'Poller 1')
      for (const [from, to] of [[one, two], [two, one]] as const) {
        const words = `from ${await from.find('#chat-name').inputValue()}`
        await from.says(words)
        for (const page of [from, to]) await page.shows('#chat-lines li', words)
      }
      t.same((await one.said()).slice(-2), ['from Poller 1', 'from Poller 2'])
      t.same(await two.said(), await one.said())
      for (const page of pages) {
        await page.changes('#delivery-last')
        t.equal(await page.find('#delivery-verdict').textContent(), 'missing: 0, doubled: 0')
      }
    })

    for (const transport of ['websocket', 'long-polling'] as const) {
      t.test(`is back by itself when its worker dies, and has missed nothing, over ${transport}`, async t => {
        const ada = await DemoPage.open(t, browser, demo.url)
        await ada.choose(transport)
        await ada.connectedOver(transport)
        const grace = await openElsewhere(t, browser, demo.url, ada)
        await ada.isCalled('Ada')
        await grace.isCalled('Grace')
        await ada.present('Ada you', 'Grace')
        await ada.changes('#delivery-last')
        const [worker, before] = [await workerOf(ada), await ada.tally()]
        process.kill(demo.pidOf(worker), 'SIGKILL')
        await grace.says(`while ${worker} was gone`)
        await ada.shows('#chat-lines li', `while ${worker} was gone`)
        await until(async () => await workerOf(ada) !== worker, 'the page is on another worker')
        await ada.connectedOver(transport)
        await ada.says(`${worker} no longer`)
        for (const page of [ada, grace]) await page.shows('#chat-lines li', `${worker} no longer`)
        for (const page of [ada, grace]) t.same((await page.said()).slice(-2), [`while ${worker} was gone`, `${worker} no longer`])
        await ada.present('Ada you', 'Grace')
        await grace.present('Grace you', 'Ada')
        await ada.changes('#delivery-last')
        const { last, received, missing, doubled } = await ada.tally()
        t.same({ missing, doubled }, { missing: 0, doubled: 0 })
        t.equal(received - before.received, last - before.last, 'every number, in order')
        const died = `${worker.replace('to ', '')} has ended (SIGKILL): another takes its place`
        t.ok(demo.lines.some(line => line.includes(died)), 'the log says so')
      })
    }

    t.test('is back when all workers die, and the chat is as it was', async t => {
      const page = await DemoPage.open(t, browser, demo.url)
      await page.says('before the fall')
      await page.shows('#chat-lines li', 'before the fall')
      const said = await page.said()
      const before = await workerOf(page)
      const all = demo.lines.map(line => Number(/is process (\d+)$/.exec(line)?.[1])).filter(lives)
      t.equal(all.length, 2)
      const listening = () => demo.lines.filter(line => line.includes('Server listening')).length
      const listened = listening()
      for (const pid of all) process.kill(pid, 'SIGKILL')
      await until(() => listening() === listened + 2, 'two others listen')
      await until(async () => {
        await page.hurry()
        return await workerOf(page) !== before
      }, 'the page is on another worker')
      const late = await DemoPage.open(t, browser, demo.url)
      await late.shows('#chat-lines li', 'before the fall')
      t.same(await late.said(), said)
    })
  })

  for (const [signal, to] of [['SIGTERM', 'the primary'], ['SIGTERM', 'all of them'], ['SIGINT', 'all of them']] as const) {
    t.test(`${signal} to ${to} ends it in order`, async t => {
      const { process: demo } = await startDemoWorkers(t, program, { detached: true })
      const pid = demo.pid as number
      const processes = childrenOf(pid)
      t.equal(processes.length, 3, 'two workers and a nats-server')
      const ended = once(demo, 'exit')
      // A negative one is a group, as Ctrl-C in a shell means it.
      process.kill(to === 'the primary' ? pid : -pid, signal)
      t.same(await within(ended, 'it ends'), [0, null])
      t.same(processes.filter(lives), [], 'nobody is left')
    })
  }

  t.test('meets at the nats-server that it is told of', async t => {
    const { port } = await startNatsServer(t, program, { jetStream: true })
    const { process: demo, url } = await startDemoWorkers(t, program, { args: ['--workers', '2', '--nats', `nats://127.0.0.1:${port}`] })
    t.equal(childrenOf(demo.pid as number).length, 2, 'it starts none')
    t.equal((await fetch(url)).status, 200)
  })

  t.test('says that nobody is there', async t => {
    const url = `nats://127.0.0.1:${await freePort()}`
    const { code, stderr } = await runDemo(['--workers', '2', '--nats', url], withPathTo(program))
    t.equal(code, 1)
    t.match(stderr, `The demo cannot start: no NATS at ${url}`)
  })
})

t.test('without a nats-server it says what to install', async t => {
  const { code, stderr } = await runDemo(['--workers', '2'], { PATH: t.testdir() })
  t.equal(code, 1)
  t.match(stderr, /^The demo cannot start: nats-server is not in the PATH.*apt-get install nats-server.*--nats/)
})

t.test('the command line', async t => {
  const read = (args: string[], env = {}) => readArguments(args, env)
  t.match(read([]), { workers: undefined, nats: undefined })
  t.match(read(['--workers', '2']), { workers: 2, nats: undefined, place: { host: '127.0.0.1', port: 5151 } })
  t.match(read(['-w', '2', '--nats', 'nats://localhost']), { workers: 2, nats: 'nats://localhost' })
  t.match(read([], { WORKERS: '3' }), { workers: 3 })
  t.match(read(['--workers', '2'], { WORKERS: '3' }), { workers: 2 })
  for (const wrong of ['0', '1.5', 'two', '65']) t.match(read(['--workers', wrong]), { exitCode: 2, text: `not ${wrong}` })
  t.match(read(['--nats', 'nats://localhost']), { exitCode: 2, text: '--nats is for --workers' })
  t.match(read(['--help']), { exitCode: 0, text: /--workers N.*\n.*--nats URL/ })
})
