/** The examples of the client: what it is let in by, and what it does in a page. */
import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import { readChallenges } from '../lib/client/authentication/challenge.js'
import { digest } from '../lib/client/digest.js'
import { basic, bearer, RealtimeClient, type Credentials } from '../lib/client/index.js'
import { inChromium, openPage } from './harness/chromium.js'
import { refusedUpgrade, run, shake, Visitor, type Example } from './harness/example.js'
import type { Message } from './harness/socket-client.js'
import { within } from './harness/until.js'

/** A client over polling that knows who it is, as it does in Node without a jar of cookies. */
async function connectedWith (t: Test, { url }: Example, credentials: Credentials): Promise<RealtimeClient> {
  const client = new RealtimeClient(url, { transports: ['long-polling'], authenticate: () => null, credentials })
  t.after(() => client.close())
  await within(client.connect(), 'connected')
  return client
}

/** Asks without an answer to the challenge of an algorithm, then with one. */
async function answerDigest ({ url }: Example, algorithm: string, credentials: Credentials): Promise<Response> {
  const refused = await fetch(url)
  const challenges = readChallenges(refused.headers.get('www-authenticate') as string)
  credentials.challenged?.(challenges.filter(({ parameters }) => parameters.algorithm === algorithm))
  return await fetch(url, { headers: { authorization: credentials.authorization({ method: 'GET', url }) as string } })
}

t.test('call', async t => {
  const example = await run(t, 'call')
  const client = new RealtimeClient(example.url, { transports: ['long-polling'] })
  t.after(() => client.close())
  const asked: string[] = []
  let answer: unknown = true
  client.handle('confirm', ({ text }) => {
    asked.push(text)
    return answer
  })
  const take = (params: unknown) => within(client.call('seats/take', params), 'an answer')
  t.same(await within(client.call('seats/taken'), 'an answer'), [])
  t.same(await take({ seat: 2 }), { left: 4 })
  await t.rejects(take({ seat: 2 }), { code: 409, message: /Somebody was quicker/ })
  answer = false
  await t.rejects(take({ seat: 3 }), { code: 409, message: /Then not/ })
  answer = 'perhaps'
  await t.rejects(take({ seat: 3 }), { code: 500 }, 'what does not fit is a fault of the client, which is none of its business')
  await t.rejects(take({ seat: 6 }), { code: 422, message: /\/seat/ })
  t.same(await within(client.call('seats/taken'), 'an answer'), [2])
  t.same(asked, ['Seat 2?', 'Seat 2?', 'Seat 3?', 'Seat 3?'])
  t.equal((await fetch(`${example.origin}/ask/99`)).status, 404)

  inChromium(t, 'its page', async (t, browser) => {
    const open = () => openPage(t, browser, example.origin, page => { page.on('dialog', dialog => dialog.accept()) })
    const [ada, bob] = [await open(), await open()]
    for (const page of [ada, bob]) await page.locator('button:disabled', { hasText: '2' }).waitFor()
    await ada.locator('button', { hasText: '4' }).click()
    await ada.locator('#said', { hasText: 'Yours. Left: 3' }).waitFor()
    await bob.locator('button:disabled', { hasText: '4' }).waitFor()
    const titles = await Promise.all([1, 2, 3].map(async number => await (await fetch(`${example.origin}/ask/${number}`)).text()))
    t.match(titles, [/unknown|does not know/i, 'Seats', 'Seats'])
  })
})

t.test('presence', async t => {
  const example = await run(t, 'presence')
  const readers = async () => await (await fetch(`${example.origin}/readers`)).json() as Message[]
  t.same(await readers(), [])
  const client = new RealtimeClient(example.url, { transports: ['long-polling'], credentials: { scheme: 'name', authorization: () => undefined, ext: { name: 'cleo' } } })
  t.after(() => client.close())
  const page = client.presence('/pages/start')
  await within(page.ready, 'the list')
  await within(client.subscribe('/pages/start', () => {}).ready, 'subscribed')
  t.match(await readers(), [{ name: 'cleo', since: String, address: '127.0.0.1', transport: 'long-polling' }])
  await t.rejects(within(client.publish('/pages/start', 1), 'an answer'), { code: 405 })
  await within(client.close(), 'closed')
  t.same(await readers(), [])

  inChromium(t, 'its page', async (t, browser) => {
    const open = (name: string) => openPage(t, browser, `${example.origin}/?${name}`)
    const ada = await open('ada')
    await ada.locator('#readers li', { hasText: 'ada' }).waitFor()
    const bob = await open('bob')
    await bob.locator('#readers li', { hasText: 'ada' }).waitFor()
    const second = await open('bob')
    await ada.locator('#readers li', { hasText: 'bob, in 2 tabs' }).waitFor()
    await ada.locator('#news', { hasText: 'bob is here' }).waitFor()
    await Promise.all([bob.context().close(), second.context().close()])
    await ada.locator('#news', { hasText: 'bob has left' }).waitFor()
    await ada.locator('#readers li', { hasText: 'bob' }).waitFor({ state: 'detached' })
    t.equal(await ada.locator('#readers li').count(), 1)
    t.match(await readers(), [{ name: 'ada', transport: 'websocket' }])
  })
})

t.test('digest-auth', async t => {
  const example = await run(t, 'digest-auth')
  const refused = await new Visitor(example).fetch('/realtime')
  t.equal(refused.status, 401)
  t.match(refused.headers.get('www-authenticate'), /^Digest realm="news", qop="auth", nonce="[^"]+", algorithm=SHA-256, Digest .*algorithm=MD5$/)
  t.match(await refusedUpgrade(example.wsUrl), { status: 401 })

  for (const algorithm of ['SHA-256', 'MD5']) {
    const response = await answerDigest(example, algorithm, digest('ada', 'lovelace'))
    t.equal(response.status, 200, algorithm)
    const line = response.headers.getSetCookie().find(line => line.startsWith('who='))
    t.match(line, /^who=ada\.[^;]+;.*HttpOnly/)
    const who = /^who=([^;]+)/.exec(line as string)?.[1] as string
    const known = new Visitor(example, {}, [['who', who]])
    t.equal((await known.fetch('/realtime')).status, 200)
    t.match(await (await known.socket(t)).ask(shake()), { successful: true }, 'the cookie opens a WebSocket')
    t.equal((await new Visitor(example, {}, [['who', who.replace('ada', 'bob')]]).fetch('/realtime')).status, 401)
    for (const [name, password] of [['ada', 'builder'], ['eve', '']] as const) {
      const response = await answerDigest(example, algorithm, digest(name, password))
      t.equal(response.status, 401, name)
      t.notMatch(response.headers.get('www-authenticate'), 'stale')
    }
  }
  const impatient = await run(t, 'digest-auth', { NONCE_LIVES: '0' })
  const late = await answerDigest(impatient, 'SHA-256', digest('ada', 'lovelace'))
  t.equal(late.status, 401)
  t.match(late.headers.get('www-authenticate'), 'stale=true', 'right, but too late')
})

t.test('the client of this package is let in', async t => {
  const guarded = await run(t, 'basic-auth')
  const ada = await connectedWith(t, guarded, basic('ada', 'lovelace'))
  await within(ada.publish('/news', 'with Basic'), 'published')
  const example = await run(t, 'digest-auth')
  const bob = await connectedWith(t, example, digest('bob', 'builder'))
  await within(bob.publish('/news', 'with Digest'), 'published')
  const tokens = await run(t, 'jwt')
  const { token } = await (await new Visitor(tokens).fetch('/login', 'POST', { name: 'ada', password: 'lovelace' })).json() as Message
  await within((await connectedWith(t, tokens, bearer(token))).publish('/news', 'with Bearer'), 'published')
})

/** Two windows on an example. */
async function windows (t: Test, browser: Browser, { origin }: Example) {
  const open = async () => {
    const page = await openPage(t, browser, origin)
    await page.locator('[role=status]').getByText('connected').waitFor()
    return page
  }
  return [await open(), await open()] as const
}

inChromium(t, 'page', async (t, browser) => {
  const example = await run(t, 'page')
  const [one, two] = await windows(t, browser, example)
  await one.getByRole('button', { name: 'coffee' }).click()
  await two.getByRole('button', { name: 'coffee' }).click()
  await one.getByRole('button', { name: 'tea' }).click()
  for (const page of [one, two]) {
    await page.locator('#coffee').getByText('2').waitFor()
    await page.locator('#tea').getByText('1').waitFor()
  }
  const third = await openPage(t, browser, example.origin)
  await third.locator('#coffee').getByText('2').waitFor()
  const visitor = await new Visitor(example).socket(t)
  const { clientId } = await visitor.ask(shake())
  for (const [channel, data] of [['/votes/cast', 'milk'], ['/votes/count', { tea: 99, coffee: 0 }]]) {
    t.match(await visitor.ask({ channel, clientId, data }), { successful: false, error: /^403:/ })
  }
})

inChromium(t, 'react', async (t, browser) => {
  const example = await run(t, 'react')
  const [one, two] = await windows(t, browser, example)
  for (const [index, text] of ['hello', '<img src=x onerror=alert(1)>'].entries()) {
    await one.locator('input').fill(text)
    await one.locator('button').click()
    for (const page of [one, two]) {
      await page.locator('li').nth(index).waitFor()
      t.equal(await page.locator('li').nth(index).textContent(), text)
    }
  }
  t.equal(await one.locator('input').inputValue(), '')
})
