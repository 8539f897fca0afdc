/** The examples of who may come and what may be said: each in a process of its own, as a reader runs it. */
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import t from 'tap'
import { inChromium, openPage } from './harness/chromium.js'
import { connect, folder, held, refusedUpgrade, run, shake, subscribe, Visitor } from './harness/example.js'
import type { Message } from './harness/socket-client.js'
import { until } from './harness/until.js'

/** Polls, and returns when the poll is held: of two, the one that comes second ends the first. */
async function hold (visitor: Visitor, clientId: string): Promise<{ answer: Promise<Message> }> {
  await visitor.ask(connect(clientId, 'long-polling'))
  const polls = [visitor.ask(held(clientId, 'long-polling')), visitor.ask(held(clientId, 'long-polling'))] as const
  const ended = await Promise.race(polls.map((poll, index) => poll.then(() => index)))
  if (!(await polls[ended as 0 | 1]).successful) throw new Error('the poll was refused')
  return { answer: polls[1 - ended] as Promise<Message> }
}

t.test('every example has its test and its row in the README, and is small', async t => {
  const names = readdirSync(folder('example')).filter(name => name.endsWith('.ts'))
  const tests = ['examples', 'service-examples', 'client-examples', 'watching-examples', 'nodes-examples'].map(name => readFileSync(folder(`test/${name}.test.ts`), 'utf8')).join('')
  const readme = readFileSync(folder('README.md'), 'utf8')
  t.ok(names.length >= 12)
  for (const file of names) {
    const name = file.replace('.ts', '')
    t.ok(tests.includes(`run(t, '${name}'`), `${name} is run`)
    t.ok(readme.includes(`](example/${file})`), `${file} is in the README`)
    t.ok(readFileSync(folder(`example/${file}`), 'utf8').split('\n').length <= 61, `${file} has 60 lines at most`)
  }
})

t.test('basic-auth', async t => {
  const example = await run(t, 'basic-auth')
  const basic = (credentials: string) => ({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` })
  const ada = new Visitor(example, basic('ada:lovelace'))
  const bob = new Visitor(example, basic('bob:builder'))

  for (const [who, headers] of Object.entries({ nobody: {}, eve: basic('eve:'), 'a wrong password': basic('ada:builder') })) {
    const visitor = new Visitor(example, headers)
    for (const response of [await visitor.fetch('/realtime'), await visitor.fetch('/realtime', 'POST', [shake()])]) {
      t.equal(response.status, 401, who)
      t.match(response.headers.get('www-authenticate'), 'Basic realm="news"')
    }
    t.match(await refusedUpgrade(example.wsUrl, headers), { status: 401, headers: { 'www-authenticate': /^Basic realm="news"/ } }, who)
  }

  t.equal((await ada.fetch('/realtime')).status, 200)
  const socket = await bob.socket(t)
  const { clientId } = await socket.ask(shake())
  t.match(await socket.ask(subscribe(clientId, '/news')), { successful: true })
  t.match(await socket.ask({ channel: '/news', clientId, data: 'fake' }), { successful: false, error: /^403:/ }, 'bob may not, over WebSocket')
  const bobs = await bob.ask(shake())
  t.match(await bob.ask({ channel: '/news', clientId: bobs.clientId, data: 'fake' }), { successful: false, error: /^403:/ }, 'nor by POST')
  const adas = await ada.ask(shake())
  t.match(await ada.ask({ channel: '/elsewhere', clientId: adas.clientId, data: 1 }), { error: /^403:/ })
  t.match(await ada.ask({ channel: '/news', clientId: adas.clientId, data: 'by POST' }), { successful: true })
  const adaSocket = await ada.socket(t)
  const { clientId: second } = await adaSocket.ask(shake())
  t.match(await adaSocket.ask({ channel: '/news', clientId: second, data: 'by WebSocket' }), { successful: true })
  const news = () => socket.next(message => message.channel === '/news' && 'data' in message)
  t.strictSame([(await news()).data, (await news()).data], ['by POST', 'by WebSocket'], 'what ada says arrives, and nothing else')
})

t.test('jwt', async t => {
  const SECRET = 'a secret of this test'
  const example = await run(t, 'jwt', { SECRET })
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const sign = (claims: Record<string, unknown>, secret = SECRET) => {
    const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
  const login = async (name: string, password: string) => {
    const response = await new Visitor(example).fetch('/login', 'POST', { name, password })
    return { status: response.status, token: (await response.json() as Message).token }
  }
  const { token } = await login('ada', 'lovelace')
  const { token: bobs } = await login('bob', 'builder')

  t.test('the token comes in the header or in ext, by POST and over WebSocket', async t => {
    t.equal((await login('ada', 'builder')).status, 401)
    t.equal((await new Visitor(example).fetch('/login', 'POST', { name: 'eve', password: null })).status, 401)
    t.equal((await new Visitor(example).fetch('/login', 'POST', {})).status, 400)
    t.equal((await new Visitor(example).fetch('/realtime')).status, 200, 'who only probes needs none')
    const inHeader = new Visitor(example, { authorization: `Bearer ${token}` })
    t.match(await inHeader.ask(shake()), { successful: true })
    t.match(await (await inHeader.socket(t)).ask(shake()), { successful: true })
    const without = new Visitor(example)
    const socket = await without.socket(t)
    t.match(await without.ask(shake({ token })), { successful: true })
    t.match(await socket.ask(shake({ token })), { successful: true })
    const bad = {
      missing: undefined,
      'no text': { alg: 'none' },
      forged: sign({ sub: 'ada', exp: inSeconds(60) }, 'another secret'),
      unsigned: `${encode({ alg: 'none', typ: 'JWT' })}.${encode({ sub: 'ada', exp: inSeconds(60) })}.`,
      expired: sign({ sub: 'ada', exp: inSeconds(-60) }),
      eternal: sign({ sub: 'ada' })
    }
    for (const [why, token] of Object.entries(bad)) {
      t.match(await socket.ask(shake({ token })), { successful: false, error: /^401:/ }, why)
      t.match(await without.ask(shake({ token })), { successful: false, error: /^401:/ }, why)
    }
  })

  t.test('a session ends with its token, unless a connect brings a fresh one of the same user', async t => {
    const exp = inSeconds(5)
    const visitor = new Visitor(example, { authorization: `Bearer ${sign({ sub: 'ada', exp })}` })
    const [first, second] = [await visitor.socket(t), await visitor.socket(t)]
    const ends = await first.ask(shake())
    const ended = first.ask(held(ends.clientId, 'websocket'))
    const { clientId } = await second.ask(shake())
    const bring = (token: unknown) => second.ask(connect(clientId, 'websocket', { advice: { timeout: 0 }, ext: { token } }))
    t.match(await bring(bobs), { successful: false, error: /^402:/ }, 'another user')
    t.match(await bring(token), { successful: true })
    t.match(await ended, { successful: false, error: `401:${ends.clientId}:Identity expired`, advice: { reconnect: 'handshake' } })
    await until(() => Date.now() > exp * 1000)
    t.match(await second.ask(connect(clientId, 'websocket')), { successful: true }, 'it outlived the token of its upgrade')
    t.match(await bring('forged'), { successful: false, error: /^401:/, advice: { reconnect: 'handshake' } })
  })

  t.test('a poll brings its token along', async t => {
    const poller = new Visitor(example, { authorization: `Bearer ${token}` })
    const { clientId } = await poller.ask(shake())
    t.match(await poller.ask(connect(clientId, 'long-polling')), { successful: true })
    const thief = poller.copy({ authorization: `Bearer ${bobs}` })
    t.match(await thief.ask(connect(clientId, 'long-polling')), { error: /^402:/ }, 'cookie and clientId of ada, token of bob')
  })

  t.test('ada revokes bob', async t => {
    const ada = await new Visitor(example).socket(t)
    const adas = await ada.ask(shake({ token }))
    const bob = new Visitor(example)
    const { clientId } = await bob.ask(shake({ token: bobs }))
    const poll = await hold(bob, clientId)
    const socket = await new Visitor(example).socket(t)
    const onSocket = await socket.ask(shake({ token: bobs }))

    t.equal((await new Visitor(example).fetch('/users/bob', 'DELETE')).status, 401)
    t.equal((await new Visitor(example, { authorization: `Bearer ${bobs}` }).fetch('/users/ada', 'DELETE')).status, 403)
    const done = await new Visitor(example, { authorization: `Bearer ${token}` }).fetch('/users/bob', 'DELETE')
    t.strictSame(await done.json(), { ended: 2 })
    t.match(await poll.answer, { successful: false, error: `403:${clientId}:Revoked`, advice: { reconnect: 'none' } })
    t.match(await socket.next('/meta/connect'), { successful: false, error: `403:${onSocket.clientId}:Revoked` })
    t.match(await bob.ask(shake({ token: bobs })), { successful: false, error: /^401:/ }, 'his token is worth nothing now')
    t.match(await ada.ask(connect(adas.clientId, 'websocket')), { successful: true }, 'ada goes on')
  })
})

t.test('cookie-session', async t => {
  const example = await run(t, 'cookie-session')
  const login = async (name: string, password: string, visitor = new Visitor(example)) => {
    const response = await visitor.fetch('/login', 'POST', { name, password })
    t.equal(response.status, 200, `${name} logs in`)
    return visitor
  }

  t.test('who is not logged in is nobody', async t => {
    const nobody = new Visitor(example)
    t.equal((await nobody.fetch('/login', 'POST', { name: 'ada', password: 'builder' })).status, 401)
    t.equal((await nobody.fetch('/login', 'POST', { name: 'eve', password: null })).status, 401)
    t.match(await nobody.ask(shake()), { successful: false, error: /^401:/ })
    t.match(await (await nobody.socket(t)).ask(shake()), { successful: false, error: /^401:/ })
    const forged = new Visitor(example, { cookie: 'sessionId=forged.signature' })
    t.match(await forged.ask(shake()), { successful: false, error: /^401:/ })
  })

  t.test('the cookie is believed at GET, POST and upgrade', async t => {
    const ada = await login('ada', 'lovelace')
    t.match(ada.headers.cookie, /^sessionId=/)
    t.equal((await ada.fetch('/realtime')).status, 200)
    t.match(ada.headers.cookie, /sessionId=.*BAYEUX_BROWSER=/, 'both cookies live side by side')
    const { clientId } = await ada.ask(shake())
    t.match(await ada.ask(connect(clientId, 'long-polling')), { successful: true })
    const socket = await ada.socket(t)
    t.match(await socket.ask(shake()), { successful: true })
    await login('bob', 'builder', ada)
    t.match(await ada.ask(connect(clientId, 'long-polling')), { successful: false, error: /^402:/ }, 'bob does not go on as ada in the same browser')
  })

  t.test('logging out ends what this login opened, and nothing brings it back', async t => {
    const ada = await login('ada', 'lovelace')
    const elsewhere = await login('ada', 'lovelace')
    const stays = await elsewhere.ask(shake())
    const idle = await ada.socket(t)
    const socket = await ada.socket(t)
    const onSocket = await socket.ask(shake())
    const { clientId } = await ada.ask(shake())
    const [before, stolen] = [ada.copy(), ada.copy()]
    const poll = await hold(before, clientId)

    const done = await ada.fetch('/logout', 'POST')
    t.strictSame(await done.json(), { ended: 2 })
    t.match(await poll.answer, { successful: false, error: `403:${clientId}:Logged out`, advice: { reconnect: 'none' } })
    t.match(await socket.next('/meta/connect'), { successful: false, error: `403:${onSocket.clientId}:Logged out` })
    t.match(await stolen.ask(shake()), { successful: false, error: /^401:/ }, 'the old cookie opens nothing, though a poll was answered after the logout')
    t.match(await idle.ask(shake()), { successful: false, error: /^401:/ }, 'nor does a socket that was opened before')
    t.match(await elsewhere.ask(connect(stays.clientId, 'long-polling')), { successful: true }, 'her other browser goes on')
  })
})

t.test('extension', async t => {
  const example = await run(t, 'extension')
  const stamped = { ext: { server: hostname() }, timestamp: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ }
  t.equal((await fetch(example.url)).status, 200)
  const poller = new Visitor(example)
  const polls = await poller.ask(shake())
  t.match(polls, { successful: true, ...stamped }, 'by POST')
  const socket = await new Visitor(example).socket(t)
  const { clientId } = await socket.ask(shake())
  t.match(await socket.ask(subscribe(clientId, '/talk')), { successful: true, ...stamped }, 'over WebSocket')

  t.match(await poller.ask({ channel: '/talk', clientId: polls.clientId, data: { text: 'oh Darn!' } }), { successful: false, error: '403::Mind your language' })
  t.match(await socket.ask({ channel: '/talk', clientId, data: 'heck' }), { successful: false, error: '403::Mind your language' })
  t.match(await poller.ask({ channel: '/talk', clientId: polls.clientId, data: 'darning is fine' }), { successful: true })
  t.match(await socket.next(message => 'data' in message), { channel: '/talk', data: 'darning is fine', ...stamped }, 'the first event is the polite one')

  const hasty = await run(t, 'extension', { MAX_IDLE: '200' })
  const idle = await new Visitor(hasty).socket(t)
  const shaken = await idle.ask(shake())
  t.match(await idle.ask(held(shaken.clientId, 'websocket')), { successful: false, error: `403:${shaken.clientId}:Idle for too long` })
})

t.test('chat', async t => {
  const example = await run(t, 'chat')
  t.equal((await fetch(example.url)).status, 200)

  t.test('over the wire', async t => {
    const poller = new Visitor(example)
    const polls = await poller.ask(shake())
    const socket = await new Visitor(example).socket(t)
    const { clientId } = await socket.ask(shake())
    t.match(await socket.ask(subscribe(clientId, '/**')), { successful: false, error: /^403:/ })
    t.match(await socket.ask(subscribe(clientId, '/chat')), { successful: true })
    for (const [channel, data] of [['/elsewhere', 'hello'], ['/chat', { html: '<b>' }], ['/chat', 'x'.repeat(201)]]) {
      t.match(await poller.ask({ channel, clientId: polls.clientId, data }), { successful: false, error: /^403:/ })
    }
    t.match(await poller.ask({ channel: '/chat', clientId: polls.clientId, data: 'hello' }), { successful: true })
    t.match(await socket.next(message => 'data' in message), { channel: '/chat', data: 'hello' })
  })

  inChromium(t, 'its page', async (t, browser) => {
    const open = async () => {
      let subscribed: Promise<unknown> | undefined
      const page = await openPage(t, browser, example.origin, page => {
        page.on('dialog', () => t.fail('what was said became script'))
        subscribed = page.waitForEvent('websocket').then(ws => ws.waitForEvent('framereceived', ({ payload }) => String(payload).includes('/meta/subscribe')))
      })
      await subscribed
      return page
    }
    const [ada, bob] = [await open(), await open()]
    for (const [index, text] of ['hello', '<img src=x onerror=alert(1)>'].entries()) {
      await ada.locator('input').fill(text)
      await ada.locator('button').click()
      for (const page of [ada, bob]) {
        await page.locator('li').nth(index).waitFor()
        t.equal(await page.locator('li').nth(index).textContent(), text)
      }
    }
  })
})

t.test('publish', async t => {
  const TOKEN = 'a token of this test'
  const example = await run(t, 'publish', { TOKEN })
  const server = new Visitor(example, { authorization: `Bearer ${TOKEN}` })
  const build = async (visitor: Visitor, channel: string, state: unknown) => {
    const response = await visitor.fetch('/realtime/publish', 'POST', { channel, data: { state } })
    return [response.status, (await response.json() as Message).successful]
  }
  const page = await new Visitor(example).socket(t)
  const { clientId } = await page.ask(shake())
  t.match(await page.ask(subscribe(clientId, '/builds/*')), { successful: true })
  for (const authorization of ['', 'Bearer x', TOKEN]) t.strictSame(await build(new Visitor(example, { authorization }), '/builds/web', 'green'), [403, undefined])
  t.strictSame(await build(server, '/builds/web', 'blue'), [422, false])
  t.match(await page.ask({ channel: '/builds/web', clientId, data: { state: 'green' } }), { error: /^405:/ }, 'no page may')
  t.strictSame(await build(server, '/builds/web', 'running'), [200, true])
  t.match(await page.next(message => 'data' in message), { channel: '/builds/web', data: { state: 'running' } })

  inChromium(t, 'its page', async (t, browser) => {
    const page = await openPage(t, browser, example.origin)
    await page.locator('dt', { hasText: 'web' }).waitFor()
    await page.locator('dd', { hasText: 'running' }).waitFor()
    t.strictSame(await build(server, '/builds/web', 'green'), [200, true])
    await page.locator('dd', { hasText: 'green' }).waitFor()
    t.equal(await page.locator('dd').count(), 1)
  })
})
