/** Publishing over HTTP (docs/protocol.md, section 5): `POST {path}/publish`, as a program elsewhere uses it. */
import { once } from 'node:events'
import { connect as tcpConnect } from 'node:net'
import basicAuth from '@fastify/basic-auth'
import { Type } from '@sinclair/typebox'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import realtime, { type RealtimeOptions } from '../../lib/index.js'
import { handshake, makeCometd, subscribe } from '../harness/cometd-client.js'
import { DistantHistory } from '../harness/distant-history.js'
import { startGateway, type Gateway, type GatewaySettings } from '../harness/gateway.js'
import { until, within } from '../harness/until.js'

type Headers = Record<string, string>

interface Door extends Gateway {
  /** Posts a text as it is, anything else as JSON. */
  readonly post: (body: unknown, headers?: Headers) => Promise<{ status: number, headers: Response['headers'], answer: any }>
  /** What reached the listeners of the application. */
  readonly heard: Record<string, any>[]
}

const everybody = { authorize: () => true }

async function openDoor (t: Test, options: RealtimeOptions = {}, settings: GatewaySettings = {}): Promise<Door> {
  const gateway = await startGateway(t, { publish: everybody, ...options }, settings)
  const heard: Record<string, any>[] = []
  gateway.app.realtime.subscribe('/**', (message, session) => heard.push({ ...message, session }))
  return { ...gateway, heard, post: (body, headers) => postTo(`${gateway.url}/publish`, body, headers) }
}

async function postTo (url: string, body: unknown, headers: Headers = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await within(fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text }), 'an answer')
  return { status: response.status, headers: response.headers, answer: await response.json() as any }
}

t.test('one message, and several', async t => {
  const { post, heard } = await openDoor(t)
  const one = await post({ channel: '/news', data: { title: 'hello' }, id: 'n1', ext: { from: 'us' }, clientId: 'ignored' })
  t.match(one, { status: 200, answer: { channel: '/news', successful: true, id: 'n1' } })
  t.equal(one.headers.get('content-type'), 'application/json; charset=utf-8')
  t.equal(one.headers.get('cache-control'), 'no-store')
  t.equal(one.headers.get('set-cookie'), null, 'no session, no cookie')
  const several = await post([{ channel: '/a', data: 1 }, { channel: '/b', data: null, id: 2 }])
  t.strictSame([several.status, several.answer], [200, [{ channel: '/a', successful: true }, { channel: '/b', successful: true, id: 2 }]])
  t.strictSame([(await post([])).status, (await post([])).answer], [200, []])
  t.strictSame(heard, [
    { channel: '/news', data: { title: 'hello' }, id: 'n1', ext: { from: 'us' }, session: null },
    { channel: '/a', data: 1, session: null },
    { channel: '/b', data: null, id: 2, session: null }
  ], 'as if the application had published')
})

for (const transport of ['websocket', 'long-polling'] as const) {
  t.test(`a client of CometD gets it, over ${transport}`, async t => {
    const { url, post } = await openDoor(t)
    const client = makeCometd(t, url, { transport })
    await handshake(client)
    const heard: unknown[] = []
    await subscribe(client, '/news/*', ({ channel, data }) => heard.push([channel, data]))
    t.match(await post([{ channel: '/news/a', data: { n: 1 } }, { channel: '/news/b', data: { n: 2 } }]), { status: 200 })
    await until(() => heard.length === 2)
    t.strictSame(heard, [['/news/a', { n: 1 }], ['/news/b', { n: 2 }]])
  })
}

t.test('a message that came alone and is refused: the status fits', async t => {
  const history = new DistantHistory(async () => { throw new Error('the store is away') })
  const { post, heard, app } = await openDoor(t, { history, channels: { '/strict': { schema: Type.Object({ text: Type.String() }) }, '/kept': { history: {} } } })
  const cases: [unknown, number, object][] = [
    [{ channel: '/strict', data: { text: 5 }, id: 7 }, 422, { channel: '/strict', successful: false, id: 7, error: '422:/strict:Data does not fit the schema of the channel: /text Expected string' }],
    [{ channel: '/strict', data: 5 }, 422, { error: '422:/strict:Data does not fit the schema of the channel: / Expected object' }],
    [{ channel: '/kept', data: 1 }, 503, { channel: '/kept', successful: false, error: '503:/kept:The history is not available' }],
    [{ channel: '/a*', data: 1, id: 'x' }, 400, { successful: false, id: 'x', error: '400:/a*:Malformed channel' }],
    [{ channel: '', data: 1 }, 400, { error: '400::Malformed channel' }],
    [{ channel: '/a'.repeat(17), data: 1 }, 400, { error: /^400:.*:Malformed channel$/ }],
    [{ channel: '/a' }, 400, { channel: '/a', error: '400:/a,/data:Expected required property' }],
    [{ channel: '/a', data: 1, id: {} }, 400, { error: /^400:\/a,\/id:/ }],
    [{ channel: '/a', data: 1, ext: 'x' }, 400, { error: /^400:\/a,\/ext:/ }],
    [{ data: 1 }, 400, { successful: false, error: '400::A message needs a channel' }],
    [{}, 400, { error: '400::A message needs a channel' }]
  ]
  for (const channel of ['/a/*', '/**', '/service/x', '/service/rpc/add', '/service/**', '/meta/handshake', '/meta/connect', '/meta/else', '/meta/*']) {
    cases.push([{ channel, data: 1, version: '1.0', supportedConnectionTypes: ['long-polling'] }, 400, { channel, successful: false, error: `400:${channel}:Only broadcast channels can be published to` }])
  }
  for (const [body, status, answer] of cases) t.match(await post(body), { status, answer }, JSON.stringify(body))
  t.strictSame(heard, [], 'nothing of it reached anybody')
  t.equal(app.realtime.sessions.size, 0)
  const { refused, httpRefused } = app.realtime.metrics()
  t.strictSame([refused, httpRefused], [{ 400: cases.length - 3, 422: 2, 503: 1 }, { 400: cases.length - 3, 422: 2, 503: 1 }], 'and all of it is counted')
})

t.test('of several each is answered on its own, in order', async t => {
  const { post, heard } = await openDoor(t, { channels: { '/strict': { schema: Type.Number() } } })
  const { status, answer } = await post([
    { channel: '/a', data: 1, id: 1 },
    { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'], data: 1, id: 2 },
    { channel: '/strict', data: 'x', id: 3 },
    { channel: '/*', data: 1, id: 4 },
    { id: 5 },
    { channel: '/strict', data: 6, id: 6 }
  ])
  t.equal(status, 200)
  t.match(answer, [
    { channel: '/a', successful: true, id: 1 },
    { channel: '/meta/handshake', successful: false, id: 2, error: /^400:/ },
    { channel: '/strict', successful: false, id: 3, error: /^422:/ },
    { channel: '/*', successful: false, id: 4, error: /^400:/ },
    { successful: false, id: 5, error: /^400:/ },
    { channel: '/strict', successful: true, id: 6 }
  ])
  t.strictSame(heard.map(({ id }) => id), [1, 6])
})

t.test('what is said of clients does not hold here', async t => {
  const { post, heard } = await openDoor(t, {
    authenticate: () => { throw new Error('nobody') },
    policy: { canPublish: () => false, canPublishWithoutSession: () => false },
    channels: { '/ours': { publish: false, rate: { messages: 0.001, burst: 1 } } },
    limits: { messageRate: 0.001, messageBurst: 1 }
  })
  for (let n = 0; n < 3; n++) t.match(await post({ channel: '/ours', data: n }), { status: 200 })
  t.strictSame(heard.map(({ data }) => data), [0, 1, 2])
})

t.test('a history: the answer has the id that subscribers get', async t => {
  const { post, app } = await openDoor(t, { channels: { '/kept/*': { history: {} } } })
  const client = app.realtime.inject()
  await client.handshake()
  await client.subscribe('/kept/a')
  const { answer: [first, plain, second] } = await post([{ channel: '/kept/a', data: 1, ext: { replayId: 5, from: 'us' } }, { channel: '/plain', data: 1 }, { channel: '/kept/a', data: 2 }])
  t.strictSame(Object.keys(first.ext), ['replayId'])
  t.notOk('ext' in plain, 'where nothing is kept there is none')
  t.ok(Number.isSafeInteger(first.ext.replayId) && second.ext.replayId > first.ext.replayId)
  t.strictSame([(await client.next()).ext, (await client.next()).ext], [{ replayId: first.ext.replayId, from: 'us' }, { replayId: second.ext.replayId }])
  const late = app.realtime.inject()
  await late.handshake()
  await late.send({ channel: '/meta/subscribe', subscription: '/kept/a', ext: { replay: { '/kept/a': first.ext.replayId } } })
  t.match(await late.next(), { data: 2 }, 'a client goes on from it')
})

t.test('a history that takes its time: the answer waits until the event is kept and queued', async t => {
  const waiting: (() => void)[] = []
  const history = new DistantHistory(what => what === 'append' ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve())
  const { post, heard } = await openDoor(t, { history, channels: { '/kept': { history: {} } }, limits: { lane: 1 } })
  let answered = false
  const posted = post([1, 2, 3].map(data => ({ channel: '/kept', data }))).finally(() => { answered = true })
  for (const before of [0, 1, 2]) {
    await until(() => waiting.length === 1)
    t.strictSame([heard.length, answered], [before, false])
    waiting.shift()?.()
  }
  const { status, answer } = await posted
  t.strictSame([status, answer.map(({ ext }: any) => ext.replayId)], [200, [3, 6, 9]], 'one after the other, so the lane of the channel is never full')
  t.strictSame(heard.map(({ data }) => data), [1, 2, 3])
})

t.test('who may: only true allows, and no message is read before', async t => {
  const { post, heard } = await openDoor(t, { publish: { authorize: request => request.headers.authorization === 'Bearer secret' } })
  const message = { channel: '/a', data: 1 }
  t.match(await post(message), { status: 403, answer: { statusCode: 403, code: 'FST_BAYEUX_FORBIDDEN' } })
  t.match(await post('no JSON'), { status: 403 })
  t.match(await post(message, { authorization: 'Bearer secret' }), { status: 200, answer: { successful: true } })
  for (const said of [true, false, undefined, 'yes', 1, {}]) {
    for (const authorize of [() => said, async () => said] as (() => boolean)[]) {
      t.match(await (await openDoor(t, { publish: { authorize } })).post(message), { status: said === true ? 200 : 403 }, `${authorize}: ${JSON.stringify(said)}`)
    }
  }
  const wrong = Object.assign(new Error('Sign in'), { statusCode: 401 })
  for (const authorize of [() => { throw wrong }, async () => { throw wrong }]) {
    t.match(await (await openDoor(t, { publish: { authorize } })).post(message), { status: 401, answer: { message: 'Sign in' } })
  }
  t.match(await (await openDoor(t, { publish: { authorize: () => { throw new Error('a bug') } } })).post(message), { status: 500 })
  t.strictSame(heard.length, 1)
})

t.test('hooks of the gateway\'s routes run, and run before', async t => {
  const asked: unknown[] = []
  const { url, heard } = await openDoor(t, {
    onRequest: (request: FastifyRequest, reply, done) => (request.server as any).basicAuth(request, reply, done),
    preHandler: async request => { (request as any).login = 'bob' },
    publish: { authorize: request => asked.push((request as any).login) > 0 }
  }, { before: app => app.register(basicAuth, { authenticate: true, validate: async (name, password) => { if (`${name}:${password}` !== 'bob:builder') throw new Error('no') } }) })
  const basic = (credentials: string) => ({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` })
  const message = { channel: '/a', data: 1 }
  for (const headers of [{}, basic('bob:x')]) {
    const { status, headers: answered } = await postTo(`${url}/publish`, message, headers)
    t.strictSame([status, answered.get('www-authenticate')], [401, 'Basic charset="UTF-8"'])
  }
  t.strictSame(asked, [])
  t.match(await postTo(`${url}/publish`, message, basic('bob:builder')), { status: 200 })
  t.strictSame([asked, heard.length], [['bob'], 1])
})

t.test('a page of another host: refused, and no preflight opens the door', async t => {
  let asked = 0
  const { url, origin, post, heard } = await openDoor(t, { origins: ['https://app.example'], publish: { authorize: () => ++asked > 0 } })
  const message = { channel: '/a', data: 1 }
  for (const foreign of ['https://evil.example', 'null', 'https://app.example.evil', `${origin}.evil`, '']) {
    t.match(await post(message, { origin: foreign, cookie: 'sid=visitor' }), { status: 403, answer: { code: 'FST_BAYEUX_ORIGIN' } }, foreign)
  }
  t.strictSame([asked, heard], [0, []], 'nobody was asked, nothing was read')
  for (const from of ['https://evil.example', 'https://app.example', origin]) {
    const preflight = await fetch(`${url}/publish`, { method: 'OPTIONS', headers: { origin: from, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' } })
    t.notOk(preflight.ok, from)
    t.strictSame([...preflight.headers.keys()].filter(name => name.startsWith('access-control-')), [])
  }
  t.match(await post(message, { origin }), { status: 200 }, 'a page of this host')
  const allowed = await post(message, { origin: 'https://app.example' })
  t.strictSame([allowed.status, allowed.headers.get('access-control-allow-origin')], [200, null], 'the host has answered the preflight itself, or it is no browser')
})

t.test('any origin may speak, and none may publish from a browser', async t => {
  const { url } = await openDoor(t, { origins: ['*'] })
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
  const preflight = async (at: string) => (await fetch(at, { method: 'OPTIONS', headers })).headers.get('access-control-allow-origin')
  t.strictSame([await preflight(url), await preflight(`${url}/publish`)], ['https://evil.example', null])
})

t.test('only JSON comes in', async t => {
  const { url, post, heard } = await openDoor(t)
  const text = '{"channel":"/a","data":"ä"}'
  const fine = ['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/json;charset=UTF-8']
  for (const type of fine) t.match(await post(text, { 'content-type': type }), { status: 200 }, type)
  t.strictSame(heard.map(({ data }) => data), fine.map(() => 'ä'))
  // What a browser sends from any page without asking first, and what looks like JSON.
  const wrong = ['text/plain', 'text/plain; application/json', 'text/plain;application/json', 'text/plain, application/json', 'text/plain\tapplication/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=application/json', 'text/json', 'application/jsonp', 'application/json-patch+json', 'application/ld+json', 'x', '']
  for (const type of wrong) t.match(await post(text, { 'content-type': type }), { status: 415, answer: { statusCode: 415 } }, type)
  t.equal((await fetch(`${url}/publish`, { method: 'POST', body: Buffer.from(text) })).status, 415, 'none at all')
  t.equal((await fetch(`${url}/publish`, { method: 'POST' })).status, 400, 'no body at all')
  t.equal((await fetch(`${url}/publish`, { method: 'POST', body: `message=${encodeURIComponent(text)}`, headers: { 'content-type': 'text/plain' } })).status, 415, 'the form of the polls is none of this door')
  t.equal(heard.length, fine.length)
})

t.test('bodies that are too large, too deep, too many, or none', async t => {
  const { post, heard, app } = await openDoor(t, { limits: { httpBody: 2000, batch: 3, jsonDepth: 5 } })
  const whole: [unknown, number][] = [
    [{ channel: '/a', data: 'x'.repeat(2000) }, 413],
    [[1, 2, 3, 4].map(data => ({ channel: '/a', data })), 400],
    ['', 400], ['{', 400], ['null', 400], ['"x"', 400], ['5', 400], ['[[]]', 400], ['[{"channel":"/a","data":1},5]', 400], ['[{"channel":"/a","data":1},null]', 400], ['\ud800', 400],
    ['{"channel":"/a","data":' + '['.repeat(900), 400]
  ]
  for (const [body, statusCode] of whole) t.match(await post(body), { status: statusCode, answer: { statusCode } }, JSON.stringify(body).slice(0, 60))
  const poisoned = ['{"channel":"/a","data":{"__proto__":{"polluted":1}}}', '{"channel":"/a","data":{"\\u005f_proto__":{"polluted":1}}}', '{"channel":"/a","data":1,"__proto__":{"polluted":1}}', '{"channel":"/a","data":{"constructor":{"prototype":{"polluted":1}}}}']
  for (const body of poisoned) t.match(await post(body), { status: 400, answer: { channel: '/a', error: '400::Forbidden property' } }, body)
  t.match(await post({ channel: '/a', data: [[[[[1]]]]] }), { status: 400, answer: { error: '400::Deeper than 5 levels' } })
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
  t.strictSame(heard, [])
  t.match(await post({ channel: '/a', data: [[[[1]]]] }), { status: 200 }, 'and it still serves')
  t.match(app.realtime.metrics().httpRefused, { 413: 1 })
})

t.test('a body that does not come is not waited for; who decides may take longer', async t => {
  let decide: ((may: boolean) => void) | undefined
  const { origin, app, post } = await openDoor(t, { limits: { bodyTimeout: 50 }, publish: { authorize: () => new Promise<boolean>(resolve => { decide = resolve }) } })
  const undecided = post({ channel: '/a', data: 1 })
  await until(() => decide !== undefined)
  const socket = tcpConnect(Number(new URL(origin).port), '127.0.0.1')
  t.after(() => socket.destroy())
  let answer = ''
  socket.setEncoding('utf8').on('data', piece => { answer += piece }).on('error', () => {})
  socket.write('POST /realtime/publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"chan')
  await within(once(socket, 'close'), 'the connection is closed')
  t.match(answer, /^HTTP\/1\.1 408 [^]*"statusCode":408/)
  decide?.(true)
  t.match(await undecided, { status: 200 }, 'the older of the two')
  t.match(app.realtime.metrics().httpRefused, { 408: 1 })
})

t.test('a server that closes answers what is under way', async t => {
  const waiting: (() => void)[] = []
  const history = new DistantHistory(what => what === 'append' ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve())
  const { post, app } = await openDoor(t, { history, channels: { '/kept': { history: {} } }, drain: 10_000 })
  const posted = post({ channel: '/kept', data: 1 })
  await until(() => waiting.length === 1)
  const closed = app.close()
  await until(() => app.realtime.health().state === 'closing')
  waiting[0]?.()
  const { status, answer, headers } = await posted
  t.match({ status, answer }, { status: 200, answer: { successful: true, ext: { replayId: 3 } } })
  t.equal(headers.get('connection'), 'close')
  await within(closed, 'the server closes')
})

t.test('it is off by default, and where it is', async t => {
  const off = await startGateway(t)
  t.match(await postTo(`${off.url}/publish`, { channel: '/a', data: 1 }), { status: 404 })

  const app = Fastify()
  t.after(() => app.close())
  app.post('/host', async ({ body }) => ({ body }))
  await app.register(async scope => {
    await scope.register(realtime, { path: '/live', publish: everybody })
    scope.post('/inside', async ({ body }) => ({ body }))
  }, { prefix: '/v2' })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  t.match(await postTo(`${origin}/v2/live/publish`, { channel: '/a', data: 1 }), { status: 200, answer: { successful: true } })
  for (const path of ['/live/publish', '/realtime/publish', '/v2/publish']) t.match(await postTo(origin + path, { channel: '/a', data: 1 }), { status: 404 }, path)
  for (const path of ['/host', '/v2/inside']) t.strictSame((await postTo(origin + path, { n: 1 })).answer, { body: { n: 1 } }, 'the host reads bodies as before')
  t.match(await (await fetch(`${origin}/host`, { method: 'POST', body: 'text', headers: { 'content-type': 'text/plain' } })).json(), { body: 'text' })
})
