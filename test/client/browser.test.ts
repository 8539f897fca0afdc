/** The client in chromium, as the plugin serves it, on networks of every kind. */
import type { onRequestAsyncHookHandler } from 'fastify'
import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import type { TransportName } from '../../lib/client/index.js'
import { startBlackholeProxy } from '../harness/blackhole-proxy.js'
import { inChromium } from '../harness/chromium.js'
import { startGateway } from '../harness/gateway.js'
import { guard, PASSWORD, schemes, TOKEN, USERNAME, type Scheme } from '../harness/guarded-gateway.js'
import { startKillableGateway } from '../harness/killable-gateway.js'
import { RealtimePage } from '../harness/page-realtime.js'
import { startTcpService } from '../harness/tcp-service.js'
import { transports } from '../harness/realtime-client.js'
import { until, within } from '../harness/until.js'

t.setTimeout(300_000)

inChromium(t, 'the client in chromium', async (t, browser) => {
  for (const transport of transports) {
    t.test(`over ${transport}`, async t => {
      t.test('channels and services', t => talks(t, browser, transport))
      t.test('offline and back', t => goesOffline(t, browser, transport))
      t.test('the gateway is killed and started again', t => survivesKill(t, browser, transport))
      t.test('the page is loaded again', t => isReloaded(t, browser, transport))
      t.test('two tabs', t => hasTwoTabs(t, browser, transport))
    })
  }
  t.test('down to polling and up again', t => changesTransport(t, browser))
  for (const scheme of schemes) t.test(`401 with ${scheme}`, t => authenticates(t, browser, scheme))
  t.test('a foreign origin', t => isForeign(t, browser))
  t.test('a page that allows no worker', t => hasNoWorker(t, browser))
  t.test('bytes and the clock', t => extends_(t, browser))
})

const only = (transport: TransportName, more: string = '') => `{ transports: ['${transport}'], ${more} }`

async function talks (t: Test, browser: Browser, transport: TransportName): Promise<void> {
  const service = await startTcpService(t, socket => {
    socket.on('data', data => {
      const { id, method, params } = JSON.parse(String(data))
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: `${method} ${params}` })}\n`)
    })
  })
  const { url, app } = await startGateway(t, {
    services: { it: { port: service.port, domain: '127.0.0.1', framing: 'lines' } },
    calls: { add: { handler: ({ a, b }) => a + b } },
    channels: { '/rooms/*': { presence: true } }
  })
  const page = await RealtimePage.open(t, browser, url, only(transport))
  await page.connected(transport)
  const read = await page.run(`(async () => {
    const chat = client.subscribe('/chat/*')
    await chat.ready
    await client.publish('/chat/red', 'schön')
    await client.publish('/chat/blue', { two: 2 })
    const events = []
    for await (const { channel, data } of chat) if (events.push([channel, data]) === 2) break
    return events
  })()`)
  t.same(read, [['/chat/red', 'schön'], ['/chat/blue', { two: 2 }]])
  t.equal(await page.run("client.service('it').call('start', [5000])"), 'start 5000')
  t.equal(await page.run("client.call('add', { a: 1, b: 2 })"), 3)
  t.match(await page.run("client.call('subtract').catch(error => error.message)"), '404:/service/rpc/subtract:Unknown call')
  await page.run("void client.handle('title', () => document.title + '!')")
  t.equal(await within([...app.realtime.sessions.values()][0]?.call('title') as Promise<unknown>, 'an answer'), '!')
  const lists = page.run(`(async () => {
    const lists = []
    for await (const members of client.presence('/rooms/red')) if (lists.push(members.length) === 2) return lists
  })()`)
  await until(() => app.realtime.metrics().presenceWatchers === 1)
  await page.run("client.subscribe('/rooms/red', () => {}).ready")
  t.same(await lists, [0, 1])
  t.ok(await page.run<number>('client.ping()') > 0)
  t.match(await page.run("client.publish('/meta/x', 1).catch(error => error.code)"), 'malformed')
  await page.run('client.close()')
  t.equal(app.realtime.sessions.size, 0)
}

async function goesOffline (t: Test, browser: Browser, transport: TransportName): Promise<void> {
  const { url, app } = await startGateway(t, { maxInterval: 60_000 })
  const page = await RealtimePage.open(t, browser, url, only(transport, 'ack: true, maxNetworkDelay: 1000'))
  await page.connected(transport)
  const clientId = await page.run('client.clientId')
  await page.context.setOffline(true)
  await page.run('client.hurry()')
  // It does not wait for long: both are looked at in one turn.
  await page.sees("client.connection.state === 'waiting' && (window.why = client.connection.reason.code)")
  t.equal(await page.run('why'), 'lost')
  app.realtime.publish('/news', 'while it was away')
  await page.run("void (window.sent = client.publish('/news', 'from the queue'))")
  t.equal(await page.run('client.queued'), 1)
  await page.context.setOffline(false)
  await page.connected(transport)
  await page.run('sent')
  await page.hears('while it was away', 'from the queue')
  t.equal(await page.run('client.clientId'), clientId, 'in the same session')
}

async function survivesKill (t: Test, browser: Browser, transport: TransportName): Promise<void> {
  const gateway = await startKillableGateway(t, {}, true)
  const page = await RealtimePage.open(t, browser, gateway.url, only(transport))
  await page.connected(transport)
  const clientId = await page.run('client.clientId')
  await gateway.kill()
  await page.sees("client.connection.state === 'waiting'")
  await page.run("void (window.sent = client.publish('/news', 'from the queue'))")
  await gateway.restart()
  await page.run('sent')
  await page.hears('from the queue')
  t.not(await page.run('client.clientId'), clientId, 'in a new session, with its subscription')
}

async function isReloaded (t: Test, browser: Browser, transport: TransportName): Promise<void> {
  const { url, app } = await startGateway(t, { maxInterval: 60_000 })
  const options = only(transport, "ack: true, extensions: [(await import('./realtime/client.reload.js')).reload()]")
  const page = await RealtimePage.open(t, browser, url, options)
  await page.connected(transport)
  app.realtime.publish('/news', 'before')
  await page.hears('before')
  const clientId = await page.run('client.clientId')
  await until(() => app.realtime.metrics().heldConnects === 1)
  await page.page.goto(`${url}/client.js`)
  await until(() => app.realtime.metrics().heldConnects === 0, 'the gateway sees it go')
  app.realtime.publish('/news', 'while it was away')
  await page.page.goto(url)
  await page.load(options)
  await page.connected(transport)
  t.equal(await page.run('client.clientId'), clientId)
  await until(async () => (await page.run<unknown[]>('heard')).includes('while it was away'))
  t.equal(app.realtime.sessions.size, 1)
}

async function hasTwoTabs (t: Test, browser: Browser, transport: TransportName): Promise<void> {
  const { url, app } = await startGateway(t, { multiSessionInterval: 50 })
  const context = await browser.newContext()
  t.after(() => context.close())
  const one = await RealtimePage.open(t, context, url, only(transport))
  const two = await RealtimePage.open(t, context, url, only(transport))
  await one.connected(transport)
  await two.connected(transport)
  await one.run("client.publish('/news', 'from one')")
  await two.run("client.publish('/news', 'from two')")
  await one.hears('from one', 'from two')
  await two.hears('from one', 'from two')
  t.equal(app.realtime.sessions.size, 2)
}

async function changesTransport (t: Test, browser: Browser): Promise<void> {
  let refused = true
  const onRequest: onRequestAsyncHookHandler = async (request, reply) => {
    if (request.headers.upgrade !== undefined && refused) return reply.code(403).send('No upgrades here')
  }
  const { origin, app } = await startGateway(t, { onRequest, timeout: 500, maxInterval: 60_000 })
  const proxy = await startBlackholeProxy(t, Number(new URL(origin).port))
  const page = await RealtimePage.open(t, browser, `http://127.0.0.1:${proxy.port}/realtime`, '{ ack: true, retryWebSocket: 100 }')
  await page.connected('long-polling')
  const clientId = await page.run('client.clientId')
  refused = false
  await page.connected('websocket')
  refused = true
  for (const { client, server } of proxy.passages) {
    client.destroy()
    server.destroy()
  }
  app.realtime.publish('/news', 'between')
  await page.connected('long-polling')
  refused = false
  await page.connected('websocket')
  await page.hears('between')
  t.equal(await page.run('client.clientId'), clientId, 'all in one session')
  t.equal(app.realtime.sessions.size, 1)
}

async function authenticates (t: Test, browser: Browser, scheme: Scheme): Promise<void> {
  const all = guard(scheme)
  const { url, origin, app } = await startGateway(t, all.options)
  app.log.debug(origin)
  const credentials = {
    Basic: `bayeux.basic('Ada the first', ${JSON.stringify(PASSWORD)})`,
    Bearer: `bayeux.bearer(${JSON.stringify(TOKEN)})`,
    Digest: `(await import('${url}/client.digest.js')).digest(${JSON.stringify(USERNAME)}, ${JSON.stringify(PASSWORD)})`
  }[scheme.split(' ')[0] as 'Basic']
  // A page that is not behind the gateway's authentication, as its own scripts are.
  const page = await RealtimePage.open(t, browser, `${url}/client.js`, `{ authenticate: async ([challenge]) => {
    window.challenge = challenge
    return ${credentials}
  } }`, url)
  await page.connected('websocket')
  t.equal(await page.run('challenge.scheme'), scheme.split(' ')[0])
  t.ok(all.admitted.some(({ method, by }) => method === 'UPGRADE' && by === 'cookie'), 'the cookie of the probe opens the WebSocket')
  await page.run("client.publish('/news', 1)")
  await page.hears(1)
}

async function isForeign (t: Test, browser: Browser): Promise<void> {
  const { url } = await startGateway(t)
  const elsewhere = await startGateway(t)
  for (const transport of transports) {
    const page = await RealtimePage.open(t, browser, elsewhere.url, only(transport), url)
    await page.sees("client.connection.state === 'waiting'")
    t.notOk((await page.run<string[]>('states')).includes('connected'), `${transport}: refused`)
  }
  const welcoming = await startGateway(t, { origins: [elsewhere.origin] })
  for (const transport of transports) {
    const page = await RealtimePage.open(t, browser, elsewhere.url, only(transport), welcoming.url)
    await page.connected(transport)
    await page.run("client.publish('/news', 1)")
    await page.hears(1)
  }
}

async function hasNoWorker (t: Test, browser: Browser): Promise<void> {
  const { origin, url } = await startGateway(t, {}, {
    before: app => app.get('/strict', (_request, reply) => reply.header('content-security-policy', "default-src 'self'; script-src 'self' 'unsafe-eval'; connect-src 'self' ws:").type('text/html').send('<!doctype html><title>strict</title>'))
  })
  const page = await RealtimePage.open(t, browser, `${origin}/strict`, '{}', url)
  await page.connected('websocket')
  await page.run("client.publish('/news', 1)")
  await page.hears(1)
  t.pass()
}

async function extends_ (t: Test, browser: Browser): Promise<void> {
  const service = await startTcpService(t)
  const { url } = await startGateway(t, { services: { raw: { port: service.port, domain: '127.0.0.1', encoding: 'binary' } } })
  const page = await RealtimePage.open(t, browser, url, "{ extensions: [(await import('./realtime/client.binary.js')).binary(), window.clock = (await import('./realtime/client.timesync.js')).timesync()] }")
  await page.connected()
  await page.run("client.publish('/news', new Uint8Array([0, 1, 254, 255, 7]))")
  await page.sees('heard.length === 1')
  t.same(await page.run('[heard[0] instanceof Uint8Array, ...heard[0]]'), [true, 0, 1, 254, 255, 7])
  const bytes: number[] = []
  await page.run("void (window.raw = client.service('raw')); raw.ready")
  ;(await service.socket(0)).on('data', (data: Buffer) => bytes.push(...data))
  await page.run('raw.send(new DataView(new Uint8Array([9, 128, 10, 9]).buffer, 1, 2))')
  await until(() => bytes.length === 2)
  t.same(bytes, [128, 10])
  ;(await service.socket(0)).write(Buffer.from([255, 0]))
  t.same(await page.run('(async () => { for await (const data of raw) return [...data] })()'), [255, 0])
  t.ok(Math.abs(await page.run<number>('clock.offset')) < 60_000)
  t.ok(Math.abs(await page.run<number>('clock.now()') - Date.now()) < 60_000)
  t.type(await page.run('clock.lag'), 'number')
}
