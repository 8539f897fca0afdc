/** The demo as a visitor has it: its server in a process of its own, its page in a browser, both transports. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import t, { type Test } from 'tap'

const SERVER = fileURLToPath(new URL('../dist/example/demo/server.js', import.meta.url))
const CHROMIUM = '/usr/bin/chromium'
const CHROMIUM_ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const DEADLINE = 30_000

t.setTimeout(180_000)

interface Demo {
  readonly process: ChildProcess
  readonly url: string
}

/** Starts the demo on free ports; what is still running when the test ends is killed. */
async function startDemo (t: Test, port = '0'): Promise<Demo> {
  const child = spawn(process.execPath, [SERVER], { env: { ...process.env, PORT: port }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  return new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`the demo ended with ${code} before it was ready`)))
    createInterface({ input: child.stdout }).on('line', line => {
      const url = /^Open (http:\S+)$/.exec(line)?.[1]
      if (url !== undefined) resolve({ process: child, url })
    })
  })
}

async function runDemo (...args: string[]): Promise<{ code: number, stdout: string, stderr: string }> {
  const child = spawn(process.execPath, [SERVER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', chunk => { said.stdout += chunk })
  child.stderr.on('data', chunk => { said.stderr += chunk })
  const [code] = await once(child, 'close')
  return { code, ...said }
}

/** A way to the demo that forwards requests and refuses every upgrade, as some proxies do. */
async function startStubbornProxy (t: Test, target: URL): Promise<string> {
  const proxy: Server = createServer((request, response) => {
    const { method, headers, url } = request
    const forwarded = httpRequest({ host: target.hostname, port: target.port, method, headers, path: url }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    response.on('close', () => forwarded.destroy())
    request.pipe(forwarded)
  })
  proxy.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'))
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${target.pathname}`
}

async function openPage (t: Test, browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage()
  page.setDefaultTimeout(DEADLINE)
  page.on('pageerror', error => t.fail(`the page failed: ${error.message}`))
  t.teardown(() => page.close())
  await page.goto(url)
  return page
}

/** Resolves when the text of an element is another than it was. */
async function changes (page: Page, selector: string): Promise<void> {
  const before = await page.locator(selector).textContent()
  const deadline = Date.now() + DEADLINE
  while (await page.locator(selector).textContent() === before) {
    if (Date.now() > deadline) throw new Error(`${selector} still says ${before}`)
    await page.waitForTimeout(50)
  }
}

const connectedOver = async (page: Page, transport: string) => {
  await page.locator('.state[data-state="connected"] #transport', { hasText: transport }).waitFor()
}
const toggle = (page: Page, service: string) => page.locator(`[data-service="${service}"] button[data-action="toggle"]`)
const isLive = async (page: Page, service: string) => {
  await page.locator(`[data-service="${service}"][data-state="on"]`).waitFor()
}

async function subscribeAll (page: Page): Promise<void> {
  for (const service of ['random', 'dmsg', 'monitoring']) {
    await toggle(page, service).click()
    await isLive(page, service)
  }
}

/** Numbers, log lines and figures arrive, over whatever the page is connected by. */
async function everythingFlows (page: Page): Promise<void> {
  for (const service of ['random', 'dmsg', 'monitoring']) await isLive(page, service)
  await page.locator('#random-interval').fill('50')
  await page.locator('#random-start').click()
  await changes(page, '#random-count')
  await page.locator('#random-value', { hasText: /^\d{1,2}$/ }).waitFor()
  // Starting numbers is told in the log of the server.
  await page.locator('#dmsg-lines .line', { hasText: 'random: a number each 50 ms' }).last().waitFor()
  await changes(page, '#monitoring-uptime')
  await page.locator('#monitoring-pid', { hasText: /^\d+$/ }).waitFor()
}

const missing = existsSync(CHROMIUM) ? '' : `${CHROMIUM} is missing: apt-get install chromium`

t.test('the page', { skip: process.env.CI ? false : missing }, async t => {
  if (missing !== '') throw new Error(missing)
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS })
  t.teardown(() => browser.close())
  const demo = await startDemo(t)

  t.test('shows everything over WebSocket, then over long-polling, then over WebSocket again', async t => {
    const page = await openPage(t, browser, demo.url)
    await connectedOver(page, 'websocket')
    t.match(await page.locator('.address').allTextContents(), [/^tcp localhost:\d+$/, /^tcp localhost:\d+$/, 'built in'])
    await subscribeAll(page)
    await everythingFlows(page)
    t.pass('over WebSocket')
    for (const transport of ['long-polling', 'websocket']) {
      await page.locator(`input[name="transport"][value="${transport}"]`).check()
      await connectedOver(page, transport)
      await everythingFlows(page)
      t.pass(`what was subscribed flows again over ${transport}`)
    }
  })

  t.test('stops numbers, and leaves a service', async t => {
    const page = await openPage(t, browser, demo.url)
    await toggle(page, 'random').click()
    await page.locator('#log li', { hasText: 'random says READY' }).waitFor()
    await changes(page, '#random-count')
    await page.locator('#random-stop').click()
    await page.locator('#log li[data-kind="publish"]', { hasText: 'stop' }).waitFor()
    await toggle(page, 'random').click()
    await page.locator('#log li[data-kind="unsubscribe"]', { hasText: '/service/random closed' }).waitFor()
    t.ok(await page.locator('#random-start').isDisabled(), 'nobody to start')
    t.equal(await toggle(page, 'random').textContent(), 'Subscribe')
  })

  t.test('falls back to long-polling where WebSocket is refused', async t => {
    const page = await openPage(t, browser, await startStubbornProxy(t, new URL(demo.url)))
    await connectedOver(page, 'long-polling')
    t.ok(await page.locator('input[value="long-polling"]').isChecked(), 'the switch says so')
    await subscribeAll(page)
    await everythingFlows(page)
  })

  t.test('says that the connection is lost, and goes on when the server is back', async t => {
    const first = await startDemo(t)
    const page = await openPage(t, browser, first.url)
    await connectedOver(page, 'websocket')
    await toggle(page, 'random').click()
    await changes(page, '#random-count')
    first.process.kill('SIGKILL')
    await page.locator('#notice', { hasText: 'lost' }).waitFor()
    await startDemo(t, new URL(first.url).port)
    await connectedOver(page, 'websocket')
    await isLive(page, 'random')
    await changes(page, '#random-count')
    t.ok(await page.locator('#notice').isHidden())
  })
})

t.test('two demos do not get in each other\'s way', async t => {
  const first = await startDemo(t)
  const { port } = new URL(first.url)
  const second = await startDemo(t, port)
  t.not(second.url, first.url, 'a port that is taken is replaced')
  for (const { url } of [first, second]) {
    const response = await fetch(new URL('/', url))
    t.equal(response.url, url, '/ leads to the page')
    t.match(await response.text(), '<title>fastify-bayeux demo</title>')
  }
})

t.test('only modules of the client are served', async t => {
  const { url } = await startDemo(t)
  t.equal((await fetch(new URL('/demo/cometd/cometd.js', url))).status, 200)
  t.equal((await fetch(new URL('/demo/cometd/package.json', url))).status, 404)
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
})

t.test('the command line', async t => {
  const help = await runDemo('--help')
  t.equal(help.code, 0)
  t.match(help.stdout, /PORT.*5151/)
  t.match(help.stdout, /HOST.*127\.0\.0\.1/)
  const unknown = await runDemo('--frobnicate')
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
