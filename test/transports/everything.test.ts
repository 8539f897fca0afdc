/** The rest of the wire: callback-polling, CORS, several tabs, slow bodies, negotiation (docs/protocol.md, section 5). */
import { once } from 'node:events'
import { connect as tcpConnect } from 'node:net'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { until, within } from '../harness/until.js'

const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['callback-polling', 'long-polling'] }
const query = (message: unknown, jsonp?: string) => `?message=${encodeURIComponent(JSON.stringify(message))}${jsonp === undefined ? '' : `&jsonp=${encodeURIComponent(jsonp)}`}`

t.test('callback-polling: a script that calls back', async t => {
  const { url, app } = await startGateway(t, { transports: ['callback-polling', 'long-polling'] })
  const run = async (message: unknown, cookie = '') => {
    const response = await fetch(url + query(message, 'my.cb_$1'), { headers: { cookie } })
    t.equal(response.status, 200)
    t.match(response.headers.get('content-type'), 'text/javascript')
    t.equal(response.headers.get('x-content-type-options'), 'nosniff')
    t.equal(response.headers.get('cache-control'), 'no-store')
    const script = await response.text()
    t.ok(script.startsWith('/**/my.cb_$1('))
    let replies
    runInNewContext(script, { my: { cb_$1: (value: unknown) => { replies = JSON.parse(JSON.stringify(value)) } } })
    return replies as unknown as { [key: string]: never }[]
  }
  const [{ clientId } = {}] = await run([handshake])
  await run([{ channel: '/meta/connect', clientId, connectionType: 'callback-polling', advice: { timeout: 0 } }])
  app.realtime.deliver(clientId as never, '/a', 'line end \u2028 in a string')
  t.match(await run([{ channel: '/meta/connect', clientId, connectionType: 'callback-polling' }]), [{ data: 'line end \u2028 in a string' }, { channel: '/meta/connect', successful: true }])
  t.match(await (await fetch(url + query([]))).text(), /^\/\*\*\/jsonpcallback\(\[\]\);$/)
})

t.test('callback-polling: off by default, strict with names, deaf to foreign pages', async t => {
  const off = await startGateway(t)
  t.match(await (await fetch(off.url + query([handshake]))).text(), /^Bayeux/, 'a probe, nothing else')
  t.equal(off.app.realtime.sessions.size, 0)
  const { url, app } = await startGateway(t, { transports: ['callback-polling'], origins: ['https://app.example'] })
  for (const name of ['a b', 'alert(1)//', '', 'x'.repeat(65), 'a-b']) t.equal((await fetch(url + query([handshake], name))).status, 400, name)
  t.equal((await fetch(`${url}?message={`)).status, 400)
  for (const referer of [undefined, 'https://evil.example/page']) {
    const response = await fetch(url + query([handshake]), { headers: { 'sec-fetch-site': 'cross-site', ...(referer !== undefined && { referer }) } })
    t.equal(response.status, 403)
  }
  t.equal(app.realtime.sessions.size, 0)
  for (const headers of [{ 'sec-fetch-site': 'cross-site', referer: 'https://app.example/page' }, { 'sec-fetch-site': 'same-origin' }]) {
    t.equal((await fetch(url + query([handshake]), { headers: headers as never })).status, 200)
  }
})

t.test('CORS: an allowed origin may read the answers, cookies included; a preflight is answered', async t => {
  const { url } = await startGateway(t, { origins: ['https://app.example'] })
  const origin = 'https://app.example'
  const answer = await new PollClient(url).post([handshake], { origin })
  t.equal(answer.headers.get('access-control-allow-origin'), origin)
  t.equal(answer.headers.get('access-control-allow-credentials'), 'true')
  t.equal(answer.headers.get('vary'), 'Origin')
  t.strictSame((await answer.json() as { supportedConnectionTypes: string[] }[])[0]?.supportedConnectionTypes, ['websocket', 'long-polling', 'cross-origin-long-polling'], 'what Faye calls it')
  const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,x-token' } })
  t.equal(preflight.status, 204)
  t.equal(preflight.headers.get('access-control-allow-headers'), 'content-type,x-token')
  t.equal(preflight.headers.get('access-control-allow-origin'), origin)
  t.equal((await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })).status, 403)
  t.equal((await fetch(url)).headers.get('access-control-allow-origin'), null)
})

t.test('a preflight brings no credentials, so the hooks of the route do not refuse it', async t => {
  const { url } = await startGateway(t, { origins: ['https://app.example'], onRequest: async (request, reply) => request.headers.authorization === undefined ? reply.code(401).send() : undefined })
  const headers = { origin: 'https://app.example' }
  t.equal((await fetch(url, { method: 'OPTIONS', headers })).status, 204)
  t.equal((await new PollClient(url).post([handshake], headers)).status, 401)
})

t.test('several tabs of one browser: one poll is held, the others come back at an interval', async t => {
  const { url, app } = await startGateway(t, { multiSessionInterval: 1234, maxInterval: 50 })
  const first = await new PollClient(url).start()
  const second = new PollClient(url)
  second.cookie = first.cookie
  await second.start()
  const poll = first.connect()
  await until(() => app.realtime.metrics().heldConnects === 1)
  t.match(await second.connect(), [{ successful: true, advice: { reconnect: 'retry', interval: 1234, 'multiple-clients': true } }])
  await new PollClient(url).start()
  await until(() => app.realtime.metrics().expired === 1, 'a session that was told nothing expires before the one that waits as it was told')
  t.ok(app.realtime.sessions.has(second.clientId))
  app.realtime.deliver(first.clientId, '/a', 1)
  t.notOk('multiple-clients' in (await poll).at(-1).advice)
  const held = second.connect()
  await until(() => app.realtime.metrics().heldConnects === 1)
  app.realtime.deliver(second.clientId, '/a', 2)
  t.match(await held, [{ data: 2 }, { successful: true }], 'alone again, it is held')
})

t.test('several tabs: no bound where the host says so, and none between browsers', async t => {
  const { url, app } = await startGateway(t, { maxSessionsPerBrowser: -1 })
  const first = await new PollClient(url).start()
  const second = new PollClient(url)
  second.cookie = first.cookie
  await second.start()
  const polls = [first.connect(), second.connect()]
  await until(() => app.realtime.metrics().heldConnects === 2)
  for (const { clientId } of [first, second]) app.realtime.deliver(clientId, '/a', 1)
  await Promise.all(polls)
  const strict = await startGateway(t)
  const strangers = [await new PollClient(strict.url).start(), await new PollClient(strict.url).start()]
  for (const client of strangers) client.connect().catch(() => {})
  await until(() => strict.app.realtime.metrics().heldConnects === 2)
})

t.test('a body that does not come in time: 408, closed; a half-sent one does not keep the server from closing', async t => {
  const { url, app } = await startGateway(t, { drain: 100, limits: { bodyTimeout: 200 } })
  const begin = 'POST /realtime HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n['
  const slow = tcpConnect(Number(new URL(url).port), '127.0.0.1')
  let answer = ''
  slow.on('data', data => { answer += String(data) })
  slow.on('error', () => {})
  slow.write(begin)
  await within(once(slow, 'close'), 'close')
  t.match(answer, /^HTTP\/1\.1 408 /)
  t.match(answer, /connection: close/i)
  t.equal((await new PollClient(url).handshake()).successful, true)
  const { app: patient, url: other } = await startGateway(t, { drain: 100 })
  const half = tcpConnect(Number(new URL(other).port), '127.0.0.1')
  half.on('error', () => {})
  half.resume()
  half.write(begin)
  await once(patient.server, 'request')
  await within(patient.close(), 'close')
  await within(app.close(), 'close')
})

t.test('publishing without a session, where the policy admits it', async t => {
  const { url, wsUrl, app } = await startGateway(t, {
    policy: { canPublishWithoutSession: async (caller, channel) => channel === '/open' && caller.address === '127.0.0.1' }
  })
  const heard: unknown[] = []
  app.realtime.subscribe('/open', (message, session) => heard.push([message.data, session]))
  const poller = new PollClient(url)
  t.match(await poller.send({ channel: '/open', data: 1 }, { channel: '/closed', data: 1 }, { channel: '/service/x', data: 1 }), [
    { channel: '/open', successful: true }, { error: /^403:/ }, { error: /^402:/ }
  ])
  const socket = await SocketClient.open(t, wsUrl)
  t.match(await socket.ask({ channel: '/open', data: 2 }), { successful: true })
  t.match(await socket.ask({ channel: '/open', data: 3, clientId: 'unknown' }), { error: /^402:/ })
  t.strictSame(heard, [[1, null], [2, null]])
})

t.test('a handshake of several rounds', async t => {
  const { url } = await startGateway(t, {
    policy: {
      canHandshake: (_caller, { ext }) => ext?.answer === 42 ? true : { challenge: { question: 'six times seven' } }
    }
  })
  const client = new PollClient(url)
  const [first] = await client.send(handshake)
  t.match(first, { successful: false, error: /^401:/, advice: { reconnect: 'handshake', interval: 0 }, ext: { question: 'six times seven' } })
  t.notOk('clientId' in first)
  t.match(await client.send({ ...handshake, ext: { answer: 42 } }), [{ successful: true }])
})

t.test('a rate of messages: beyond it 429, heartbeats apart', async t => {
  const { url } = await startGateway(t, { limits: { messageRate: 0.001, messageBurst: 3 } })
  const client = await new PollClient(url).start()
  const { clientId } = client
  const replies = await client.send(...[1, 2, 3, 4, 5].map(data => ({ channel: '/a', clientId, data })))
  t.strictSame(replies.map(reply => reply.error?.slice(0, 3) ?? 'ok'), ['ok', 'ok', 'ok', '429', '429'])
  t.match(await client.connect({ timeout: 0 }), [{ successful: true }])
})

t.test('without WebSocket an upgrade is answered as the plain request that it also is', async t => {
  const { url, app } = await startGateway(t, { transports: ['long-polling'] })
  const socket = tcpConnect(Number(new URL(url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', data => { answer += String(data) })
  socket.write('GET /realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n')
  await until(() => answer.includes('Bayeux'))
  t.match(answer, /^HTTP\/1\.1 200 /)
  await within(app.close(), 'close')
})
