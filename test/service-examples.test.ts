/** The examples of services, each against what it is for: a real log, `logger`, Redis, a language server, a browser. */
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { inChromium, openPage } from './harness/chromium.js'
import { held, run, shake, subscribe, view, Visitor } from './harness/example.js'
import { startInstalled, withProgram } from './harness/installed-server.js'
import { childrenOf, isAlive } from './harness/processes.js'
import type { Message } from './harness/socket-client.js'
import { startTcpService } from './harness/tcp-service.js'
import { until } from './harness/until.js'

t.setTimeout(120_000)

function temporaryFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'fastify-bayeux-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const linux = process.platform === 'linux' ? false : 'processes are counted as Linux lists them'
const markup = '<img src=x onerror=alert(1)>'
const noScript = (t: Test) => (page: Page) => { page.on('dialog', () => t.fail('what was said became script')) }

t.test('tail', { skip: linux }, async t => {
  const file = join(temporaryFolder(t), 'it.log')
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`)
  writeFileSync(file, `${lines.join('\n')}\n`)
  const example = await run(t, 'tail', {}, [file])

  const first = await view(t, example, 'log')
  t.match(first.reply, { successful: true, ext: { socket: { type: 'process' }, service: { state: 'connected' } } })
  for (const line of lines.slice(10)) t.equal(await first.hear(), line)
  appendFileSync(file, `${markup}\n`)
  t.equal(await first.hear(), markup)
  const late = await view(t, example, 'log')
  for (const line of [...lines.slice(11), markup]) t.equal(await late.hear(), line, 'who comes late gets the last lines')
  t.match(await late.publish('rm'), { successful: false, error: /^405:/ })

  renameSync(file, `${file}.1`)
  writeFileSync(file, 'a new file\n')
  for (const viewer of [first, late]) t.equal(await viewer.hear(), 'a new file', 'it follows the name')
  const tails = childrenOf(example.pid)
  t.equal(tails.length, 1, 'one process for both')

  inChromium(t, 'its page', async (t, browser) => {
    const page = await openPage(t, browser, example.origin, noScript(t))
    const log = page.locator('[role=log]')
    const shows = (text: string) => until(async () => await log.textContent() === text, `the page shows ${text}`)
    await shows([...lines.slice(12), markup, 'a new file', ''].join('\n'))
    process.kill(tails[0] as number, 'SIGKILL')
    await shows('a new file\n')
    await page.getByText('connected', { exact: true }).waitFor()
    appendFileSync(file, `${'long '.repeat(1000)}\n`.repeat(5) + 'the end\n')
    await until(async () => (await log.textContent())?.endsWith('the end\n'))
    await until(() => log.evaluate(({ scrollTop, clientHeight, scrollHeight }: any) => scrollTop > 0 && scrollTop + clientHeight > scrollHeight - 2), 'the page follows')
    t.ok(await page.locator('[role=alert]').isHidden())
  })

  t.test('Ctrl-C leaves no tail behind', async t => {
    const [tail] = childrenOf(example.pid) as [number]
    t.ok(isAlive(tail))
    t.equal(await example.quit(), 0)
    await until(() => !isAlive(tail))
  })
})

t.test('syslog', async t => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  const example = await run(t, 'syslog', { SYSLOG_PORT: String(port) })

  withProgram(t, 'logger', 'bsdutils', async (t, program) => {
    const log = (...args: string[]) => promisify(execFile)(program, ['-n', '127.0.0.1', '-P', String(port), '-d', '-t', 'exam', ...args])
    const first = await view(t, example, 'syslog')
    t.match(first.reply, { successful: true, ext: { socket: { type: 'udp' } } })
    await log('-p', 'user.err', 'a word of warning')
    t.match(await first.hear(), /^<11>1 \S+ \S+ exam - - .*a word of warning$/)
    await log('-p', 'local7.debug', '--rfc3164', markup)
    t.match(await first.hear(), /^<191>[A-Z]\w\w .* exam: <img .*>$/)
    const late = await view(t, example, 'syslog')
    t.match([await late.hear(), await late.hear()], [/warning$/, /<img/], 'who comes late hears it too')

    inChromium(t, 'its page', async (t, browser) => {
      const page = await openPage(t, browser, example.origin, noScript(t))
      await page.locator('li.err', { hasText: /^err \d\d:\d\d:\d\d \S+ exam: a word of warning$/ }).waitFor()
      await page.locator('li.debug', { hasText: markup }).waitFor()
      await log('-p', 'daemon.notice', 'live')
      await page.locator('li.notice', { hasText: /live$/ }).waitFor()
      t.equal(await page.locator('li').count(), 3)
      t.match(await page.locator('li').first().textContent(), /live$/, 'the newest is the first')
    })
  })
})

t.test('redis-monitor', async t => {
  withProgram(t, 'redis-server', 'redis-server', async (t, program) => {
    for (const password of [null, 'se"cret pass\\word']) {
      const folder = temporaryFolder(t)
      const port = await startInstalled(t, program, port => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...password === null ? [] : ['--requirepass', password]])
      const environment = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) }
      const example = await run(t, 'redis-monitor', { ...environment, ...(password !== null && { REDIS_PASSWORD: password }) })
      const client = connectTcp(port, '127.0.0.1')
      t.after(() => client.destroy())
      let answers = ''
      client.on('data', data => { answers += String(data) })
      if (password !== null) client.write(`AUTH ${JSON.stringify(password)}\r\n`)

      const viewers = [await view(t, example, 'monitor'), await view(t, example, 'monitor')]
      await until(() => viewers[0]?.client.messages.some(({ data }) => data === '+OK'))
      client.write('SET greeting hello\r\n')
      for (const { client } of viewers) t.match(await client.next(({ data }) => /greeting/.test(data)), { data: /^\+[0-9.]+ \[0 127\.0\.0\.1:[0-9]+\] "SET" "greeting" "hello"$/ })
      t.notOk(viewers.some(({ client }) => client.messages.some(({ data }) => String(data).startsWith('-'))), 'nothing was refused')
      client.write('CLIENT LIST\r\n')
      await until(() => /cmd=monitor/.test(answers))
      t.equal(answers.match(/cmd=monitor/g)?.length, 1, 'one connection for both')

      inChromium(t, `its page${password === null ? '' : ', with a password'}`, async (t, browser) => {
        const page = await openPage(t, browser, example.origin, noScript(t))
        await page.getByText('connected', { exact: true }).waitFor()
        client.write(`SET page "${markup}"\r\n`)
        await page.locator('tbody td', { hasText: `"SET" "page" "${markup}"` }).waitFor()
        t.match(await page.locator('tbody tr').first().locator('td').nth(1).textContent(), /^0 127\.0\.0\.1:\d+$/)
      })
    }

    t.test('a password that is wrong is told', async t => {
      const folder = temporaryFolder(t)
      const port = await startInstalled(t, program, port => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, '--requirepass', 'right'])
      const example = await run(t, 'redis-monitor', { REDIS_PORT: String(port), REDIS_HOST: '127.0.0.1', REDIS_PASSWORD: 'wrong' })
      t.match(await (await view(t, example, 'monitor')).hear(), /^-WRONGPASS/)
    })
  })
})

t.test('language-server', { skip: linux }, async t => {
  const example = await run(t, 'language-server')
  const file = { uri: 'untitled:Dockerfile', languageId: 'dockerfile', version: 0, text: 'FROM node:24\nCOPI . /schön' }
  const call = (method: string, params: object, more: object = {}) => ({ jsonrpc: '2.0', method, params, ...more })

  t.test('over the wire', async t => {
    const { reply, hear, publish, leave } = await view(t, example, 'dockerfile')
    t.match(reply, { successful: true, ext: { socket: { type: 'process' } } })
    const hearThat = async (wanted: (data: any) => unknown) => {
      for (;;) {
        const data = await hear()
        if (wanted(data)) return data
      }
    }
    t.match(await hearThat(({ id }) => id === 0), { jsonrpc: '2.0', result: { capabilities: { textDocumentSync: Number } } })
    for (const bad of [call('initialize', {}), call('initialized', {}, { id: 1 }), call('workspace/executeCommand', {}), 'exit']) {
      t.match(await publish(bad), { successful: false, error: /^422:/ })
    }
    t.match(await publish(call('initialized', {})), { successful: true })
    t.match(await publish(call('textDocument/didOpen', { textDocument: file })), { successful: true })
    const diagnostics = async () => (await hearThat(({ method }) => method === 'textDocument/publishDiagnostics')).params.diagnostics
    t.match(await diagnostics(), [{ message: 'Unknown instruction: COPI', range: { start: { line: 1, character: 0 } } }])
    await publish(call('textDocument/didChange', { textDocument: { uri: file.uri, version: 1 }, contentChanges: [{ text: 'FROM node:24\nCOPY . /schön' }] }))
    t.match(await diagnostics(), [])
    t.match(await leave(), { successful: true })
    await until(() => childrenOf(example.pid).length === 0)
  })

  t.test('each has a process of their own, and it goes with them', async t => {
    const [one, two] = [await view(t, example, 'dockerfile'), await view(t, example, 'dockerfile')]
    const servers = childrenOf(example.pid)
    t.equal(servers.length, 2)
    await one.leave()
    await until(() => childrenOf(example.pid).length === 1)
    t.equal((await two.hear()).jsonrpc, '2.0')
    await two.leave()
  })

  inChromium(t, 'its page', async (t, browser) => {
    const page = await openPage(t, browser, example.origin)
    await page.locator('li', { hasText: 'Line 1: Unknown instruction: FORM' }).waitFor()
    const code = page.locator('textarea')
    await code.fill('FROM node:24\n')
    await page.getByText('0 problems').waitFor()
    await code.fill('FROM node:24\nRAN away')
    await page.locator('li', { hasText: 'Line 2: Unknown instruction: RAN' }).waitFor()
    for (const pid of childrenOf(example.pid)) process.kill(pid, 'SIGKILL')
    await page.getByText('The language server is gone: broken').waitFor()
  })

  t.test('Ctrl-C leaves no process behind', async t => {
    const { hear } = await view(t, example, 'dockerfile')
    await hear()
    const servers = childrenOf(example.pid)
    const all = [...servers, ...servers.flatMap(childrenOf)]
    t.ok(servers.length > 0)
    t.equal(await example.quit(), 0)
    await until(() => !all.some(isAlive))
  })
})

t.test('ticker', async t => {
  const example = await run(t, 'ticker')
  const first = await view(t, example, 'prices')
  const heard = [await first.hear()]
  while (new Set(heard.map(({ symbol }) => symbol)).size < 5) heard.push(await first.hear())
  t.match(heard[0], { symbol: 'ACME', price: /^\d+\.\d\d$/, change: /^-?\d\.\d\d$/, at: Number })
  for (let more = 0; more < 3; more++) heard.push(await first.hear())

  const late = await view(t, example, 'prices')
  const snapshot: { symbol: string, at: number }[] = []
  while (snapshot.length < 5) snapshot.push(await late.hear())
  for (let more = 0; more < 3; more++) heard.push(await first.hear())
  t.equal(new Set(snapshot.map(({ symbol }) => symbol)).size, 5, 'each symbol once')
  const before = heard.slice(0, heard.findLastIndex(({ at }) => at === snapshot.at(-1)?.at) + 1)
  for (const price of snapshot) t.same(price, before.findLast(({ symbol }) => symbol === price.symbol), 'its last price')
  t.same(await late.hear(), heard[before.length], 'from then on both hear the same')
  t.match(await late.publish({ symbol: 'ACME', price: '0.01' }), { successful: false, error: /^405:/ })

  inChromium(t, 'its page', async (t, browser) => {
    const page = await openPage(t, browser, example.origin)
    await page.locator('tbody tr').nth(4).waitFor()
    t.same((await page.locator('tbody td:first-child').allTextContents()).sort(), ['ACME', 'Globex', 'Hooli', 'Initech', 'Umbrella'])
    const before = await page.locator('tbody').textContent()
    await until(async () => await page.locator('tbody').textContent() !== before, 'a price changes')
    t.equal(await page.locator('tbody tr').count(), 5)
    t.match(await page.locator('tbody td:last-child').allTextContents(), [/^▲ 0|^▼ -?\d/])
  })
})

t.test('tenant', async t => {
  const say = (name: string) => (socket: Socket) => { socket.write(`this is ${name}\n`) }
  const [one, two, globex] = [await startTcpService(t, say('one')), await startTcpService(t, say('two')), await startTcpService(t, say('globex'))]
  const BACKENDS = JSON.stringify({ acme: [one, two].map(({ port }) => ({ domain: '127.0.0.1', port })), globex: { domain: '127.0.0.1', port: globex.port } })
  const example = await run(t, 'tenant', { BACKENDS })
  const come = async (token: string) => {
    const client = await new Visitor(example).socket(t)
    const { clientId, ...reply } = await client.ask(shake({ token }))
    client.send([held(clientId, 'websocket')])
    return { reply, subscribe: () => client.ask(subscribe(clientId, '/service/orders')), hear: async () => (await client.next('/service/orders')).data, publish: (data: unknown) => client.ask({ channel: '/service/orders', clientId, data }) }
  }

  t.match((await come('guessed')).reply, { successful: false, error: /^401:/ })
  const acme = await come('sesame')
  t.strictSame(acme.reply.ext, { services: { orders: { type: 'tcp' } } }, 'no address is told')
  t.match(await acme.subscribe(), { successful: true })
  t.equal(await acme.hear(), 'this is one')
  const other = await come('tiger')
  t.match(await other.subscribe(), { successful: true })
  t.equal(await other.hear(), 'this is globex')
  t.match(await acme.publish('one of each'), { successful: true })
  t.match(await other.publish({ port: one.port }), { successful: true })
  await until(() => one.received[0] === 'one of each\n' && globex.received[0] === `{"port":${one.port}}\n`)
  t.match(await (await come('swordfish')).subscribe(), { successful: false, error: '403:/service/orders:Nothing here for this session' })

  one.server.close()
  const next = await come('sesame')
  t.match(await next.subscribe(), { successful: true })
  t.equal(await next.hear(), 'this is two', 'where the first cannot be reached')
  two.server.close()
  t.match(await (await come('sesame')).subscribe(), { successful: false, error: '403:/service/orders:Connection refused' })
  t.match(await acme.publish('more'), { successful: true }, 'who has a connection keeps it')
  t.equal(globex.sockets.length, 1)
})

t.test('connector', async t => {
  const example = await run(t, 'connector')
  t.equal((await fetch(example.url)).status, 200)
  const line = (ending: string) => (message: Message) => message.channel === '/service/clock' && String(message.data).endsWith(ending)

  const socket = await new Visitor(example).socket(t)
  const { clientId, ext } = await socket.ask(shake())
  t.strictSame(ext, { services: { clock: { type: 'clock' } } })
  t.match(await socket.ask(subscribe(clientId, '/service/clock')), { successful: true, ext: { socket: { type: 'clock' } } })
  t.match(await socket.next(line('UTC')), { data: /^\d\d:\d\d:\d\d UTC$/ })
  t.match(await socket.ask({ channel: '/service/clock', clientId, data: 'Asia/Kolkata' }), { successful: true })
  t.match(await socket.next(line('+5:30')), { data: /^\d\d:\d\d:\d\d GMT\+5:30$/ })

  const poller = new Visitor(example)
  const polls = await poller.ask(shake())
  t.match(await poller.ask(subscribe(polls.clientId, '/service/clock')), { successful: true })
  const events: Message[] = []
  await until(async () => {
    const response = await poller.fetch('/realtime', 'POST', [held(polls.clientId, 'long-polling')])
    events.push(...await response.json() as Message[])
    return events.some(line('UTC'))
  })
  t.notOk(events.some(line('+5:30')), 'every session has a clock of its own')

  socket.send([{ channel: '/service/clock', clientId, data: 'Middle/Earth' }])
  t.match(await socket.next('/meta/unsubscribe'), { subscription: '/service/clock', ext: { service: { state: 'ended', reason: 'broken', error: /^502:/ } } })
  t.match(await socket.ask(subscribe(clientId, '/service/clock')), { successful: true }, 'the server goes on, and so may the client')
  t.match(await socket.next(line('UTC')), { channel: '/service/clock' })
  t.match(await socket.ask({ channel: '/meta/unsubscribe', clientId, subscription: '/service/clock' }), { successful: true })
})
