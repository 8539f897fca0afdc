/** HTTP: bodies, polls, cookies and every refusal (docs/protocol.md, section 5). */
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect as tcpConnect } from 'node:net'
import t from 'tap'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import type { Message } from '../harness/socket-client.js'
import { until, within } from '../harness/until.js'

const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] }

t.test('handshake, subscribe, publish, poll, unsubscribe, disconnect', async t => {
  const { url, app } = await startGateway(t)
  const alice = await new PollClient(url).start()
  const bob = await new PollClient(url).start()
  t.match(await alice.ask({ channel: '/meta/subscribe', subscription: '/chat/*', id: 'a1' }), { channel: '/meta/subscribe', successful: true, subscription: '/chat/*', id: 'a1', clientId: alice.clientId })
  const poll = alice.connect()
  t.match(await bob.ask({ channel: '/chat/room', data: { text: 'hi' }, id: 7 }), { channel: '/chat/room', successful: true, id: 7 })
  const [event, connected] = await poll
  t.strictSame(event, { channel: '/chat/room', data: { text: 'hi' }, id: 7 }, 'no clientId leaks')
  t.match(connected, { channel: '/meta/connect', successful: true, clientId: alice.clientId, advice: { reconnect: 'retry' } })
  t.match(await alice.ask({ channel: '/meta/unsubscribe', subscription: '/chat/*' }), { successful: true, subscription: '/chat/*' })
  t.match(await alice.ask({ channel: '/meta/disconnect' }), { channel: '/meta/disconnect', successful: true })
  t.match(await alice.ask({ channel: '/meta/disconnect' }), { error: `402:${alice.clientId}:Unknown client`, advice: { reconnect: 'handshake', interval: 0 } })
  t.equal(app.realtime.sessions.size, 1)
})

t.test('a held connect is answered when its time is up, and at once where the client asks for it', async t => {
  const { url } = await startGateway(t, { timeout: 150 })
  const client = await new PollClient(url).start()
  t.match(await client.connect(), [{ channel: '/meta/connect', successful: true, advice: { timeout: 150, interval: 0 } }])
  t.match(await client.connect({ timeout: 0 }), [{ channel: '/meta/connect', successful: true }])
})

t.test('one held connect a session: a second ends the first', async t => {
  const { url, app } = await startGateway(t)
  const client = await new PollClient(url).start()
  const first = client.connect()
  await until(() => app.realtime.metrics().heldConnects === 1)
  const second = client.connect()
  t.match(await within(first, 'first'), [{ channel: '/meta/connect', successful: true }])
  app.realtime.deliver(client.clientId, '/private', 1)
  t.match(await within(second, 'second'), [{ channel: '/private', data: 1 }, { channel: '/meta/connect' }])
})

t.test('a held connect ends when its client goes away, and what comes later waits for the next', async t => {
  const { url, app } = await startGateway(t)
  const client = await new PollClient(url).start()
  const gone = new AbortController()
  const poll = fetch(url, { method: 'POST', signal: gone.signal, headers: { 'content-type': 'application/json', cookie: client.cookie as string }, body: JSON.stringify([{ channel: '/meta/connect', clientId: client.clientId, connectionType: 'long-polling' }]) })
  const session = app.realtime.sessions.get(client.clientId)
  await until(() => app.realtime.metrics().heldConnects === 1)
  gone.abort()
  await t.rejects(poll)
  await until(() => session?.transport === null)
  app.realtime.deliver(client.clientId, '/private', 'kept')
  t.match(await client.connect(), [{ channel: '/private', data: 'kept' }, { channel: '/meta/connect' }])
})

t.test('a connect in a batch is not held, and the answers keep the order of the messages', async t => {
  const { url } = await startGateway(t)
  const client = await new PollClient(url).start()
  const { clientId } = client
  const replies = await client.send(
    { channel: '/meta/subscribe', clientId, subscription: '/a', id: 1 },
    { channel: '/b c', clientId, data: 1, id: 2 },
    { channel: '/a', clientId, data: 'x', id: 3 },
    { channel: '/meta/connect', clientId, connectionType: 'long-polling', id: 4 })
  t.strictSame(replies.map((reply: Message) => [reply.id, reply.successful]), [[1, true], [2, false], [3, true], [3, undefined], [4, true]])
})

t.test('several channels that fare differently get a reply each', async t => {
  const { url } = await startGateway(t)
  const client = await new PollClient(url).start()
  const alike = await client.ask({ channel: '/meta/subscribe', subscription: ['/a', '/b'], id: 1 })
  t.match(alike, { subscription: ['/a', '/b'], successful: true })
  const replies = await client.send({ channel: '/meta/subscribe', clientId: client.clientId, subscription: ['/a', '/meta/*', '/a/*/b'], id: 9 })
  t.match(replies, [
    { id: 9, subscription: '/a', successful: true },
    { id: 9, subscription: '/meta/*', successful: false, error: /^403:/ },
    { id: 9, subscription: '/a/*/b', successful: false, error: /^400:/ }
  ])
})

t.test('a bare object is answered by a bare object, unless there is more to say', async t => {
  const { url, app } = await startGateway(t)
  const client = new PollClient(url)
  const reply = await (await client.post(handshake)).json() as Message
  t.equal(reply.successful, true)
  const connect = { channel: '/meta/connect', clientId: reply.clientId, connectionType: 'long-polling', advice: { timeout: 0 } }
  t.match(await (await client.post(connect)).json(), { channel: '/meta/connect' })
  app.realtime.deliver(reply.clientId, '/a', 1)
  t.match(await (await client.post(connect)).json(), [{ channel: '/a' }, { channel: '/meta/connect' }])
})

t.test('CometD appends to the URL: all the same door', async t => {
  const { url } = await startGateway(t)
  const client = new PollClient(url)
  for (const path of ['', '/', '/handshake']) {
    const response = await client.post([handshake], {}, path)
    t.equal(response.status, 200, path)
    t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    client.clientId = (await response.json() as Message)[0].clientId
  }
  const connected = await client.post([{ channel: '/meta/connect', clientId: client.clientId, connectionType: 'long-polling', advice: { timeout: 0 } }], {}, '/connect')
  t.match(await connected.json(), [{ channel: '/meta/connect', successful: true }])
  const gone = await client.post([{ channel: '/meta/disconnect', clientId: client.clientId }], {}, '/disconnect')
  t.match(await gone.json(), [{ channel: '/meta/disconnect', successful: true }])
  t.equal((await client.post([handshake], {}, '/elsewhere')).status, 404)
})

t.test('forms, and a text that is a form', async t => {
  const { url } = await startGateway(t)
  const client = new PollClient(url)
  const one = `message=${encodeURIComponent(JSON.stringify([handshake]))}`
  for (const type of ['application/x-www-form-urlencoded', 'text/plain;charset=UTF-8']) {
    t.match(await (await client.post(one, { 'content-type': type })).json(), [{ successful: true }], type)
  }
  const two = ['/a', '/b'].map(channel => `message=${encodeURIComponent(JSON.stringify({ channel, data: 1, id: channel }))}`).join('&')
  t.match(await (await client.post(two, { 'content-type': 'application/x-www-form-urlencoded' })).json(), [{ id: '/a' }, { id: '/b' }])
})

t.test('GET is a probe; other methods are told which are right', async t => {
  const { url } = await startGateway(t)
  const probe = await fetch(url)
  t.equal(probe.status, 200)
  t.match(probe.headers.get('content-type'), 'text/plain')
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    const response = await fetch(url, { method })
    t.equal(response.status, 405)
    t.equal(response.headers.get('allow'), 'GET, POST')
  }
})

t.test('the cookie: set with every first answer, kept where it came', async t => {
  const { url } = await startGateway(t)
  const first = await fetch(url)
  const line = first.headers.getSetCookie()[0] as string
  t.match(line, /^BAYEUX_BROWSER=[A-Za-z0-9]{27}; Path=\/realtime; HttpOnly; SameSite=Lax$/)
  const again = await fetch(url, { headers: { cookie: `a=b; ${line.split(';')[0]}; c=d` } })
  t.strictSame(again.headers.getSetCookie(), [])
  const forged = await fetch(url, { headers: { cookie: 'BAYEUX_BROWSER=short' } })
  t.equal(forged.headers.getSetCookie().length, 1, 'what we never set is no cookie of ours')
})

t.test('the cookie is Secure behind https, and SameSite=None for an allowed foreign page', async t => {
  const { url } = await startGateway(t, { origins: ['https://app.example'] }, { fastify: { trustProxy: true } })
  const headers = { 'x-forwarded-proto': 'https' }
  t.match((await fetch(url, { headers })).headers.getSetCookie()[0], /; SameSite=Lax; Secure$/)
  t.match((await fetch(url, { headers: { ...headers, origin: 'https://app.example' } })).headers.getSetCookie()[0], /; SameSite=None; Secure$/)
})

t.test('a foreign origin is refused before anything is read', async t => {
  const { url, origin, app } = await startGateway(t, { origins: ['https://app.example'] })
  const client = new PollClient(url)
  for (const foreign of ['https://evil.example', 'null', 'https://app.example.evil', origin + '.evil']) {
    const response = await client.post([handshake], { origin: foreign })
    t.equal(response.status, 403, foreign)
    t.match(await response.json(), { code: 'FST_BAYEUX_ORIGIN' })
    t.equal((await fetch(url, { headers: { origin: foreign } })).status, 403)
  }
  t.equal(app.realtime.sessions.size, 0)
  for (const fine of [origin, 'https://app.example']) t.equal((await client.post([handshake], { origin: fine })).status, 200, fine)
})

t.test('bodies that hold no message: 400 and JSON that says why', async t => {
  const { url } = await startGateway(t)
  const client = new PollClient(url)
  for (const body of ['{', 'null', '5', '[1]', '']) {
    const response = await client.post(body)
    t.equal(response.status, 400, body)
    t.match(await response.json(), { statusCode: 400, code: 'FST_BAYEUX_BAD_REQUEST', message: /^400::/ })
  }
  t.strictSame(await (await client.post([])).json(), [])
  t.equal((await client.post(new Array(1001).fill({ channel: '/a', data: 1 }))).status, 400)
})

t.test('content types that are neither JSON nor a form: 415', async t => {
  const { url } = await startGateway(t)
  const client = new PollClient(url)
  for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonp']) {
    const response = await client.post([handshake], { 'content-type': type })
    t.equal(response.status, 415, type)
    t.match(await response.json(), { statusCode: 415 })
  }
  for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON']) {
    t.equal((await client.post([handshake], { 'content-type': type })).status, 200, type)
  }
})

t.test('a body beyond the bound: 413, and the connection is closed', async t => {
  const { url } = await startGateway(t, { limits: { httpBody: 1000 } })
  const client = new PollClient(url)
  const response = await client.post([{ ...handshake, ext: { pad: 'x'.repeat(1000) } }])
  t.equal(response.status, 413)
  t.equal(response.headers.get('connection'), 'close')
  t.equal((await client.post([handshake])).status, 200)
})

t.test('unicode that is cut between two chunks of a body arrives whole', async t => {
  const { url, app } = await startGateway(t)
  const client = await new PollClient(url).start()
  const heard = new Promise(resolve => app.realtime.subscribe('/a', message => resolve(message.data)))
  const body = Buffer.from(JSON.stringify([{ channel: '/a', clientId: client.clientId, data: 'été 漢字 😀' }]))
  const request = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/json', 'content-length': body.length, cookie: client.cookie as string } })
  for (const byte of body) request.write(Buffer.of(byte))
  request.end()
  const [response] = await once(request, 'response')
  response.resume()
  t.equal(await heard, 'été 漢字 😀')
})

t.test('a request whose client is gone in the middle of its body hurts nobody', async t => {
  const { url, app } = await startGateway(t)
  const socket = tcpConnect(Number(new URL(url).port), '127.0.0.1')
  socket.resume()
  socket.on('error', () => {})
  socket.write('POST /realtime HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[{')
  socket.end()
  await within(once(socket, 'close'), 'close')
  t.equal((await new PollClient(url).handshake()).successful, true)
  t.equal(app.realtime.sessions.size, 1)
})

t.test('without metaConnectDeliverOnly events travel with other answers too', async t => {
  const { url, app } = await startGateway(t, { metaConnectDeliverOnly: false })
  const client = await new PollClient(url).start()
  app.realtime.deliver(client.clientId, '/a', 1)
  t.match(await client.send({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/b' }), [{ channel: '/a', data: 1 }, { channel: '/meta/subscribe' }])
})

t.test('connection types and versions are negotiated', async t => {
  const { url } = await startGateway(t, { transports: ['long-polling'] })
  const client = new PollClient(url)
  const [none] = await client.send({ ...handshake, supportedConnectionTypes: ['websocket'] })
  t.match(none, { successful: false, error: /^400:websocket:/, advice: { reconnect: 'none' } })
  t.notOk('clientId' in none)
  t.match(await client.send({ ...handshake, version: '0.9' }), [{ successful: false, advice: { reconnect: 'none' } }])
  t.match(await client.send({ ...handshake, version: '2.0', minimumVersion: '2.0' }), [{ successful: false }])
  t.match(await client.send({ ...handshake, version: '2.0', minimumVersion: '1.0' }), [{ successful: true }])
  const [some] = await client.send({ ...handshake, supportedConnectionTypes: ['LONG-POLLING', 'x'] })
  t.match(some, { successful: true, supportedConnectionTypes: ['long-polling'] })
  const upgrade = await fetch(url, { headers: { connection: 'upgrade', upgrade: 'websocket' } }).catch(() => null)
  t.not(upgrade?.status, 101)
  client.clientId = some.clientId
  t.match(await client.ask({ channel: '/meta/connect', connectionType: 'websocket' }), { successful: false, error: /^400:websocket:/ })
})

t.test('who never connects, and who stays away, is forgotten: 402 with advice to handshake', async t => {
  const { url, app } = await startGateway(t, { maxInterval: 50, limits: { handshakeWithoutConnect: 50 } })
  const ends: string[] = []
  app.realtime.on('expire', session => ends.push(`expire ${session.id}`))
  app.realtime.on('disconnect', (session, reason) => ends.push(`${reason} ${session.id}`))
  const never = new PollClient(url)
  await never.handshake()
  const away = await new PollClient(url).start()
  await until(() => app.realtime.sessions.size === 0)
  for (const client of [never, away]) {
    t.match(await client.connect(), [{ successful: false, error: `402:${client.clientId}:Unknown client`, advice: { reconnect: 'handshake', interval: 0 } }])
    t.ok(ends.includes(`expire ${client.clientId}`) && ends.includes(`expired ${client.clientId}`))
  }
  t.equal(app.realtime.metrics().expired, 2)
})

t.test('unknown clients get 402 on every channel', async t => {
  const { url } = await startGateway(t)
  const client = new PollClient(url)
  for (const clientId of ['nobody', undefined]) {
    const messages = [
      { channel: '/meta/connect', connectionType: 'long-polling' },
      { channel: '/meta/subscribe', subscription: '/a' },
      { channel: '/meta/unsubscribe', subscription: '/a' },
      { channel: '/meta/disconnect' },
      { channel: '/a', data: 1 },
      { channel: '/service/a', data: 1 }
    ]
    for (const reply of await client.send(...messages.map(message => ({ ...message, clientId })))) {
      t.match(reply, { successful: false, error: `402:${clientId ?? ''}:Unknown client`, advice: { reconnect: 'handshake', interval: 0 } }, reply.channel)
    }
  }
})

t.test('the interval that a client asks for counts, but makes no session immortal', async t => {
  const { url, app } = await startGateway(t, { maxInterval: 50, timeout: 200 })
  const client = await new PollClient(url).start()
  await client.connect({ timeout: 0, interval: 1e15 })
  await until(() => app.realtime.sessions.size === 0)
})
