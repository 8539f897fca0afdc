/** The monitor page in a browser, as somebody has it who looks after a gateway. */
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { inChromium, openPage } from '../harness/chromium.js'
import { freePort } from '../harness/free-port.js'
import { startGateway, type Gateway } from '../harness/gateway.js'
import { guard, PASSWORD, TOKEN, USERNAME } from '../harness/guarded-gateway.js'
import { startTcpService } from '../harness/tcp-service.js'
import { DEADLINE, until } from '../harness/until.js'

t.setTimeout(300_000)

const monitor = { authorize: () => true, interval: 100 }

/** Opens the page; what breaks its Content-Security-Policy, and what it takes from elsewhere, fails the test. */
function open (t: Test, browser: Browser, { origin, url }: Gateway): Promise<Page> {
  return openPage(t, browser, `${url}/monitor`, page => {
    page.on('console', message => { if (/Content.Security.Policy/i.test(message.text())) t.fail(message.text()) })
    page.on('request', request => { if (!request.url().startsWith(origin)) t.fail(`it asks for ${request.url()}`) })
  })
}

const row = (page: Page, number: number | undefined) => page.locator('#sessions tr').filter({ has: page.locator(`th:text-is("${number}")`) })

async function says (page: Page, selector: string, text: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout: DEADLINE })
}

/** Sessions from addresses of their own, in the order of their numbers. */
async function populate ({ app }: Gateway, many: number): Promise<{ number: number, ended: () => boolean }[]> {
  const sessions = []
  for (let index = 0; index < many; index++) {
    const client = app.realtime.inject({ address: `10.0.0.${index}` })
    await client.handshake()
    await client.subscribe(index % 10 === 0 ? '/chat/red' : '/chat/blue')
    const session = app.realtime.sessions.get(client.clientId)
    sessions.push({ number: session?.number as number, ended: () => session?.ended === true })
  }
  return sessions
}

inChromium(t, 'the monitor page', async (t, browser) => {
  t.test('shows sessions, channels, services and rates, and what changes', async t => {
    const service = await startTcpService(t, socket => { socket.write('hello\n') })
    const services = { feed: { port: service.port, domain: '127.0.0.1', framing: 'lines' as const }, away: { port: await freePort(), domain: '127.0.0.1' } }
    const gateway = await startGateway(t, { monitor, services })
    const { app } = gateway
    const [first] = await populate(gateway, 3)
    const talker = app.realtime.inject()
    await talker.handshake()
    for (const name of ['feed', 'away']) await talker.subscribe(`/service/${name}`)
    const page = await open(t, browser, gateway)

    await says(page, '#sessions-total', /^5$/)
    await says(page, '#sessions-transports', '4 inject, 1 WebSocket')
    await says(page, '#state', 'live')
    t.match(await row(page, first?.number).innerText(), /10\.0\.0\.0\s+inject\s+\d+ s\s+1\s+0\s+0 B\s+End/)
    await says(page, '#sessions tr', 'this page')
    t.match(await page.locator('#services tr').allInnerTexts(), [/^feed\s+up\s+1\s/, /^away\s+down\s+0.*Connection refused \(403\), \d+ s ago/])
    const noise = setInterval(() => app.realtime.publish('/chat/red', 'x'), 10)
    t.teardown(() => clearInterval(noise))
    await says(page, '#channels tr:first-child', /^\/chat\/red\s*1\s*[1-9]/)
    await says(page, '#rate-published', /^[1-9]/)
    await says(page, '#rate-messages', /^[1-9]/)
    await says(page, '#cpu', /^[\d.]+ %$/)
    t.equal(await page.locator('#page').isVisible(), false, 'one page needs no pager')
    clearInterval(noise)

    ;(await service.socket(0)).resetAndDestroy()
    await says(page, '#services tr', /^feed\s*up\s*0.*Service broke \(502\)/)
    await app.realtime.services.check('feed')
    app.realtime.disconnect(({ caller }) => caller.address === '10.0.0.0')
    await row(page, first?.number).waitFor({ state: 'detached' })
    await says(page, '#sessions-total', /^4$/)
    const shown = await page.content()
    for (const clientId of app.realtime.sessions.keys()) t.notOk(shown.includes(clientId), 'no clientId')
  })

  t.test('finds sessions, in an order, page by page', async t => {
    const gateway = await startGateway(t, { monitor })
    const sessions = await populate(gateway, 60)
    const page = await open(t, browser, gateway)
    const first = '#sessions tr:first-child th'
    await says(page, first, String((sessions.at(-1)?.number ?? 0) + 1))
    t.equal(await page.locator('#sessions tr').count(), 25)
    await says(page, '#page', '1 of 3')
    t.ok(await page.locator('#previous').isDisabled())
    await page.locator('#next').click()
    await page.locator('#next').click()
    await says(page, '#page', '3 of 3')
    t.ok(await page.locator('#next').isDisabled())
    t.equal(await page.locator('#sessions tr').count(), 11)
    await page.locator('#order').selectOption('oldest')
    await says(page, first, String(sessions[0]?.number))
    await says(page, '#page', '1 of 3')

    await page.locator('#find').fill('10.0.0.59')
    await says(page, '#sessions-found', '1 of 61')
    await row(page, sessions.at(-1)?.number).waitFor()
    await page.locator('#find').fill('nowhere')
    await says(page, '#sessions-none', 'No session fits.')
    await page.locator('#channels button', { hasText: '/chat/red' }).click()
    await says(page, '#sessions-found', '6 of 61')
    t.equal(await page.locator('#find').inputValue(), '/chat/red')
    await page.locator('#find-channels').fill('blu')
    await page.locator('#channels tr', { hasText: '/chat/red' }).waitFor({ state: 'detached' })
    t.match(await page.locator('#channels tr').allInnerTexts(), [/^\/chat\/blue\s+54\s+0$/])
  })

  t.test('ends a session, with the keyboard alone', async t => {
    const gateway = await startGateway(t, { monitor })
    const [one, other] = await populate(gateway, 2)
    const page = await open(t, browser, gateway)
    await row(page, one?.number).waitFor()
    const focus = () => page.evaluate<string>("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")
    const tabTo = async (label: string) => {
      for (let presses = 0; await focus() !== label; presses++) {
        if (presses > 40) throw new Error(`${label} is not reached`)
        await page.keyboard.press('Tab')
      }
    }
    await tabTo(`End session ${one?.number}`)
    await page.keyboard.press('Enter')
    await says(page, '#end-title', `End session ${one?.number}?`)
    t.equal(await focus(), 'Leave it', 'what does no harm is chosen first')
    await page.keyboard.press('Escape')
    await page.locator('#end').waitFor({ state: 'hidden' })
    t.equal(await focus(), `End session ${one?.number}`, 'the focus is where it was')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    t.equal(one?.ended(), false)
    await page.keyboard.press('Enter')
    await tabTo('End it')
    await page.keyboard.press('Enter')
    await until(() => one?.ended())
    await row(page, one?.number).waitFor({ state: 'detached' })
    t.equal(await focus(), 'Sessions', 'the focus is not lost with the row')
    t.equal(other?.ended(), false)
  })

  t.test('asks who the visitor is', async t => {
    const signIn = async (page: Page, name: string, password: string) => {
      await page.locator('#sign-in').waitFor()
      await page.locator('#sign-in-name').fill(name)
      await page.locator('#sign-in-password').fill(password)
      await page.keyboard.press('Enter')
    }
    const cases: [string, RealtimeOptions, string, string][] = [
      ['Basic', guard('Basic').options, 'Ada the first', PASSWORD],
      ['Digest', guard('Digest SHA-256').options, USERNAME, PASSWORD],
      ['Bearer', guard('Bearer').options, '', TOKEN],
      ['a token in the handshake', { authenticate: (_request, { ext }) => { if (ext?.token !== TOKEN) throw new Error('no'); return 'ada' } }, '', TOKEN],
      ['a rule', { authenticate: (_request, { ext }) => ext?.token ?? null, monitor: { ...monitor, authorize: session => session.identity === TOKEN } }, '', TOKEN]
    ]
    for (const [scheme, options, name, password] of cases) {
      const gateway = await startGateway(t, { monitor, ...options })
      const page = await open(t, browser, gateway)
      await signIn(page, name, `${password}-wrong`)
      await page.locator('#sign-in-password:not(:focus)').waitFor()
      await says(page, '#sign-in-why', scheme === 'a rule' ? 'You may not see this gateway: Subscription denied (403)' : 'That was not right.')
      t.equal(await page.locator('#panels').isVisible(), false, scheme)
      await signIn(page, name, password)
      await says(page, '#sessions tr', 'this page')
      t.equal(await page.locator('#sign-in').isVisible(), false, scheme)
    }
  })

  t.test('over long-polling, and through a restart of the gateway', async t => {
    const port = await freePort()
    const gateway = await startGateway(t, { monitor, transports: ['long-polling'] }, { port })
    const page = await open(t, browser, gateway)
    await says(page, '#transport', 'over long-polling')
    await page.locator('#find').fill('nobody')
    await says(page, '#sessions-found', '0 of 1')
    await gateway.app.close()
    await says(page, '#notice-text', 'The connection is lost')
    const again = await startGateway(t, { monitor }, { port })
    await populate(again, 2)
    await page.locator('#hurry').click()
    await page.locator('#notice').waitFor({ state: 'hidden' })
    await says(page, '#sessions-found', '0 of 3')
    t.equal(await page.locator('#find').inputValue(), 'nobody', 'it goes on looking for what it looked for')
  })

  t.test('when it is sent away, and when it leaves', async t => {
    const gateway = await startGateway(t, { monitor })
    const { realtime } = gateway.app
    const page = await open(t, browser, gateway)
    await says(page, '#sessions tr', 'this page')
    realtime.disconnect(() => true, 'Enough')
    await says(page, '#notice-text', 'Enough')
    await page.locator('#reopen').click()
    await says(page, '#state', 'live')
    await says(page, '#sessions-total', '1')
    await page.goto('about:blank')
    await until(() => realtime.sessions.size === 0, 'who leaves says goodbye')
  })

  t.test('fits wide and narrow screens, and has no words that are hard to see in light and dark', async t => {
    const service = await startTcpService(t)
    const gateway = await startGateway(t, { monitor, services: { ['a-name-that-is-rather-long-for-a-service'.repeat(2)]: { port: service.port }, away: { port: await freePort(), domain: '127.0.0.1' } } })
    await populate(gateway, 30)
    const far = gateway.app.realtime.inject({ address: '2001:0db8:85a3:0000:0000:8a2e:0370:7334' })
    await far.handshake()
    await far.subscribe(`/${'a-long-segment-of-a-channel/'.repeat(6)}end`)
    await far.subscribe('/service/away')
    for (const width of [1280, 900, 400, 320]) {
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await open(t, browser, gateway)
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 900 })
        await says(page, '#sessions-total', /^\d+$/)
        await says(page, '#services tr', 'Connection refused')
        t.ok(await page.evaluate<number>('document.documentElement.scrollWidth') <= width, `${width} px`)
        t.strictSame(await page.evaluate(FAINT), [], `${width} px, ${colorScheme}`)
        await page.close()
      }
    }
  })
})

t.test('its files', async t => {
  const { app } = await startGateway(t, { monitor, onRequest: async (_request, reply) => reply.code(401).send() }, { fastify: { routerOptions: { ignoreTrailingSlash: true } } })
  for (const [name, type] of [['monitor', 'text/html'], ['monitor.js', 'text/javascript'], ['monitor.css', 'text/css'], ['monitor.svg', 'image/svg+xml']] as const) {
    const { statusCode, headers } = await app.inject(`/realtime/${name}`)
    t.equal(statusCode, 200, name)
    t.match(headers, { 'content-type': type, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff', 'content-security-policy': /^default-src 'none'; script-src 'self';/, etag: /^W\// })
    t.notMatch(headers['content-security-policy'], /unsafe|\*|blob|data/)
    t.notOk('access-control-allow-origin' in headers, 'for pages of this host alone')
    t.equal((await app.inject({ url: `/realtime/${name}`, headers: { 'if-none-match': String(headers.etag) } })).statusCode, 304)
  }
  t.match(await app.inject('/realtime/monitor/'), { statusCode: 302, headers: { location: '../monitor' } })
  const { payload } = await app.inject('/realtime/monitor')
  t.notMatch(payload, /<script(?![^>]*src)|style=|\son[a-z]+=/, 'nothing inline')
  const without = await startGateway(t)
  t.equal((await without.app.inject('/realtime/monitor')).statusCode, 404)
})

/** Texts whose contrast to what is behind them is less than WCAG 2 asks for (4.5 to 1), in the page. */
const FAINT = `(() => {
  const parse = text => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d')
    canvas.fillStyle = text
    canvas.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const over = ([r, g, b, a], below) => [r, g, b].map((each, index) => each * a + below[index] * (1 - a))
  const ground = element => {
    const below = element.parentElement === null ? [255, 255, 255] : ground(element.parentElement)
    return over(parse(getComputedStyle(element).backgroundColor), below)
  }
  const light = colour => {
    const [r, g, b] = colour.map(each => each / 255).map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const faint = []
  for (const element of document.querySelectorAll('body *')) {
    const words = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim() !== '')
    if (!words || !element.checkVisibility() || element.disabled || element.closest('.unseen') !== null) continue
    const below = ground(element)
    const [bright, dark] = [light(below), light(over(parse(getComputedStyle(element).color), below))].sort((one, other) => other - one)
    const contrast = (bright + 0.05) / (dark + 0.05)
    if (contrast < 4.5) faint.push(element.textContent.trim().slice(0, 40) + ' ' + contrast.toFixed(2))
  }
  return faint
})()`
