/** The examples of watching, each as those have it who run a gateway: a scraper, a load balancer, an operator. */
import parse from 'parse-prometheus-text-format'
import t from 'tap'
import { inChromium, openPage } from './harness/chromium.js'
import { run, shake, subscribe, Visitor } from './harness/example.js'

t.test('metrics', async t => {
  const example = await run(t, 'metrics')
  const visitor = new Visitor(example)
  t.match(await (await visitor.fetch('/health')).json(), { ok: true, state: 'open', sessions: 0, services: { clock: { state: 'unknown' }, vault: { state: 'unknown' } } })
  const socket = await visitor.socket(t)
  const { clientId } = await socket.ask(shake())
  t.match(await socket.ask(subscribe(clientId, '/service/clock')), { successful: true })
  t.match(await socket.ask(subscribe(clientId, '/service/vault')), { successful: false, error: /^403:/ })
  const health = await visitor.fetch('/health')
  t.equal(health.status, 200, 'ready, though a service is away')
  t.match(await health.json(), { ok: false, services: { clock: { state: 'up', open: 1 }, vault: { state: 'down' } } })
  const response = await visitor.fetch('/metrics')
  t.match(response.headers.get('content-type'), 'text/plain; version=0.0.4')
  const families = parse(await response.text())
  t.match(families.find(({ name }) => name === 'bayeux_sessions'), { type: 'GAUGE', metrics: [{ value: '1' }] })
  t.ok(families.some(({ name }) => name === 'process_cpu_user_seconds_total'), 'and what prom-client knows itself')
})

t.test('monitor', async t => {
  const TOKEN = 'a token of this test'
  const example = await run(t, 'monitor', { TOKEN })
  const document = await (await new Visitor(example).fetch('/realtime/asyncapi.json')).json()
  t.match(document, { asyncapi: '3.0.0', info: { title: 'A clock and a chat' }, channels: { 'chat.any': { address: '/chat/{segment}' }, 'service.clock': {} } })
  const visitor = await new Visitor(example).socket(t)
  const { clientId } = await visitor.ask(shake())
  t.match(await visitor.ask(subscribe(clientId, '/service/monitor')), { successful: false, error: /^403:/ })
  t.match(await visitor.ask(shake({ token: 'x' })), { successful: false, error: /^401:/ })

  inChromium(t, 'its page', async (t, browser) => {
    const page = await openPage(t, browser, `${example.url}/monitor`)
    await page.locator('#sign-in-password').fill(TOKEN)
    await page.locator('#sign-in button').click()
    await page.locator('#sessions tr', { hasText: 'this page' }).waitFor()
    await page.locator('#sessions tr', { hasText: '127.0.0.1' }).nth(1).getByRole('button', { name: /^End session/ }).click()
    await page.getByRole('button', { name: 'End it', exact: true }).click()
    t.match(await visitor.next('/meta/connect'), { successful: false, error: /^403:.*Ended from the monitor page$/ })
  })
})
