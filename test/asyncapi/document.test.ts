/** The AsyncAPI document: the official parser reads it, and what it says of messages is what the gateway does with them. */
import { Parser } from '@asyncapi/parser'
import { Type, type TSchema } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import realtime, { type RealtimeOptions } from '../../lib/index.js'
import { addSchema, type Components } from '../../lib/asyncapi/json-schema.js'
import { startGateway } from '../harness/gateway.js'
import { SocketClient, type Message } from '../harness/socket-client.js'

t.setTimeout(120_000)

const parser = new Parser()

/** What the official parser has to say, but for the newest version of AsyncAPI. */
async function faultsOf (document: object): Promise<string[]> {
  const { diagnostics } = await parser.parse(JSON.stringify(document))
  return diagnostics.filter(({ code }) => code !== 'asyncapi-latest-version').map(({ code, message, path }) => `${code} ${message} ${path.join('/')}`)
}

async function documentOf (t: Test, options: RealtimeOptions, headers: Record<string, string> = {}): Promise<Message> {
  const { app } = await startGateway(t, { asyncapi: true, ...options })
  const { statusCode, payload, headers: { 'content-type': type } } = await app.inject({ url: '/realtime/asyncapi.json', headers })
  t.equal(statusCode, 200)
  t.match(type, 'application/json')
  return JSON.parse(payload)
}

const Tree = Type.Recursive(This => Type.Object({ name: Type.String(), children: Type.Array(This) }))
const Module = Type.Module({ A: Type.Object({ b: Type.Optional(Type.Ref('B')) }), B: Type.Object({ a: Type.Ref('A') }) })

const options: RealtimeOptions = {
  channels: {
    '/chat/*': { schema: Type.Object({ user: Type.String({ maxLength: 20 }), text: Type.String() }), description: 'What people say.', history: { size: 10 }, rate: { messages: 5 } },
    '/chat/rules': { schema: Type.String(), publish: false },
    '/drop/**': { subscribe: false },
    '/room/*': { presence: session => ({ number: session.number }) },
    '/tree': { schema: Tree },
    '/free': {},
    '/$odd~(name)!': { retain: true, echo: false, overflow: 'drop-oldest' }
  },
  services: {
    vault: { type: 'internal', encoding: 'none', schema: { publish: Type.Object({ method: Type.Union([Type.Literal('open'), Type.Literal('shut')]) }), event: Type.Object({ secret: Type.Number(), of: Type.Unknown() }) }, handler: async function * (incoming) { for await (const each of incoming) yield { secret: 42, of: each } } },
    feed: { type: 'internal', shared: true, async * handler () { yield 1 } },
    text: { port: 1 },
    bytes: { port: 1, encoding: 'base64' },
    figures: { type: 'monitoring' }
  },
  calls: {
    add: { params: Type.Object({ a: Type.Number(), b: Type.Number() }), result: Type.Number(), handler: ({ a, b }) => a + b },
    'users/get': { handler: () => null }
  }
}

t.test('the official parser has nothing to say against it', async t => {
  const document = await documentOf(t, options, { host: 'live.example:8080' })
  t.strictSame(await faultsOf(document), [])
  t.match(document, {
    asyncapi: '3.0.0',
    info: { title: 'Realtime gateway', version: '1.0.0' },
    defaultContentType: 'application/json',
    servers: { websocket: { host: 'live.example:8080', pathname: '/realtime', protocol: 'ws' }, http: { protocol: 'http' } }
  })
  t.strictSame(Object.keys(document.channels).sort(), [
    'meta.handshake', 'meta.connect', 'meta.subscribe', 'meta.unsubscribe', 'meta.disconnect',
    'chat.any', 'chat.rules', 'drop.all', 'room.any', 'service.presence.room.any', 'tree', 'free', '_odd__name__',
    'service.vault', 'service.feed', 'service.text', 'service.bytes', 'service.figures',
    'service.rpc', 'service.rpc.add', 'service.rpc.users.get'
  ].sort())
  t.match(document.channels['chat.any'], { title: '/chat/*', address: '/chat/{segment}', description: 'What people say.', bindings: { ws: { method: 'GET' } }, 'x-bayeux': { pattern: '/chat/*', echo: true, overflow: 'disconnect', history: { size: 10 }, rate: { messages: 5, burst: 10 } } })
  t.equal(document.channels['drop.all'].address, '/drop/{segments}')
  const operations = (key: string) => Object.keys(document.operations).filter(name => name.startsWith(`${key}.`)).map(name => name.slice(key.length + 1)).sort()
  for (const [key, expected] of Object.entries({
    'chat.any': ['receive', 'send'],
    'chat.rules': ['send'],
    'drop.all': ['receive'],
    'service.vault': ['receive', 'send'],
    'service.feed': ['send'],
    'service.figures': ['send'],
    'service.rpc.add': ['receive']
  })) t.strictSame(operations(key), expected, key)
  t.match(document.operations['chat.any.receive'], { action: 'receive', channel: { $ref: '#/channels/chat.any' }, bindings: { http: { method: 'POST' } } })
  t.match(document.operations['chat.any.send'], { action: 'send' })
  t.notOk(JSON.stringify(document).includes('"port"'), 'it tells where no service is')
})

t.test('as little as there may be', async t => {
  const document = await documentOf(t, { transports: ['websocket'] })
  t.strictSame(await faultsOf(document), [])
  t.equal(Object.keys(document.channels).length, 5)
})

/** The messages of the document as checks, by channel and name. */
function checksOf (document: Message): (key: string, name: string, message: Message) => boolean {
  const ajv = new Ajv({ strict: false })
  ajv.addSchema({ $id: 'document', components: document.components })
  const checks = new Map<string, ValidateFunction>()
  return (key, name, message) => {
    const payload = JSON.stringify(document.channels[key].messages[name].payload)
    const check = checks.get(payload) ?? ajv.compile(JSON.parse(payload.replaceAll('"#/components', '"document#/components')))
    checks.set(payload, check)
    return check(message)
  }
}

t.test('what it says of a message is what becomes of it', async t => {
  const { app, wsUrl } = await startGateway(t, { asyncapi: true, ...options })
  const document = (await app.inject('/realtime/asyncapi.json')).json()
  const client = await SocketClient.open(t, wsUrl)
  const session: { clientId?: string } = {}
  const fits = checksOf(document)

  /** Asks, and compares: what fits is done, what does not is refused, and the reply fits as well. */
  const ask = async (key: string, message: Message, refused?: RegExp) => {
    const asked = { ...session, ...message }
    const reply = await client.ask(asked)
    const what = `${message.channel} ${JSON.stringify(message.data ?? message.subscription)}`
    t.equal(fits(key, 'request', asked), refused === undefined, `${what} as it is said`)
    t.equal(reply.successful, refused === undefined, what)
    if (refused !== undefined) t.match(reply.error, refused)
    t.ok(fits(key, 'reply', reply), `its reply ${JSON.stringify(reply)}`)
    return reply
  }
  const hears = async (key: string, name: string, channel: string) => {
    const message = await client.next(message => message.channel === channel && 'data' in message)
    t.ok(fits(key, name, message), `${JSON.stringify(message)} as it is heard`)
  }

  await ask('meta.handshake', { channel: '/meta/handshake', supportedConnectionTypes: ['websocket'] }, /^400:/)
  const shaken = await ask('meta.handshake', { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] })
  session.clientId = shaken.clientId
  await ask('meta.connect', { channel: '/meta/connect', connectionType: 'websocket', advice: { timeout: 0 } })
  await ask('meta.subscribe', { channel: '/meta/subscribe', subscription: ['/chat/*', '/tree', '/service/vault', '/service/feed'] })
  await hears('service.feed', 'event', '/service/feed')
  await ask('meta.subscribe', { channel: '/meta/subscribe', subscription: 5 }, /^400:/)

  await ask('chat.any', { channel: '/chat/lobby', data: { user: 'ada', text: 'hello' } })
  await hears('chat.any', 'event', '/chat/lobby')
  await ask('chat.any', { channel: '/chat/lobby', data: { user: 'ada' } }, /^422:\/chat\/lobby:.*\/text/)
  await ask('chat.any', { channel: '/chat/lobby', data: { user: 'x'.repeat(21), text: '' } }, /^422:/)
  t.notOk(fits('chat.any', 'request', { channel: '/chat/lobby/today', data: { user: 'ada', text: 'hello' } }), 'another channel')
  app.realtime.publish('/chat/rules', 'be kind')
  await hears('chat.rules', 'event', '/chat/rules')
  const leaf = { name: 'leaf', children: [] }
  await ask('tree', { channel: '/tree', data: { name: 'root', children: [leaf, { name: 'branch', children: [leaf] }] } })
  await hears('tree', 'event', '/tree')
  await ask('tree', { channel: '/tree', data: { name: 'root', children: [{ name: 'branch' }] } }, /^422:/)
  await ask('free', { channel: '/free', data: null })
  await ask('drop.all', { channel: '/drop/a/b/c', data: [1] })

  for (const subscription of ['/service/presence/room/a', '/room/a']) {
    await ask('meta.subscribe', { channel: '/meta/subscribe', subscription })
    await hears('service.presence.room.any', 'news', '/service/presence/room/a')
  }
  await ask('service.vault', { channel: '/service/vault', data: { method: 'open' } })
  await hears('service.vault', 'event', '/service/vault')
  await ask('service.vault', { channel: '/service/vault', data: { method: 'break' } }, /^422:/)
  await ask('service.rpc.add', { channel: '/service/rpc/add', data: { a: 1, b: 2 } })
  await hears('service.rpc.add', 'result', '/service/rpc/add')
  await ask('service.rpc.add', { channel: '/service/rpc/add', data: { a: 1 } }, /^422:/)
  t.notOk(fits('service.rpc.add', 'result', { channel: '/service/rpc/add', successful: true, data: 'three' }))
  const asked = app.realtime.sessions.get(shaken.clientId)?.call('confirm', { text: 'sure?' })
  await hears('service.rpc', 'call', '/service/rpc')
  await ask('service.rpc', { channel: '/service/rpc', data: { id: 1, result: true } })
  t.equal(await asked, true)
  await ask('meta.unsubscribe', { channel: '/meta/unsubscribe', subscription: '/tree' })
  await ask('meta.disconnect', { channel: '/meta/disconnect' })
})

t.test('whatever schemas an application has', async t => {
  const schemas: Record<string, TSchema> = {
    recursive: Tree,
    module: Module.Import('A'),
    'with a name': Type.Object({ one: Type.Object({ x: Type.String() }, { $id: 'https://example.org/One' }) }),
    'fields with the names of keywords': Type.Object({ type: Type.String(), $id: Type.Number(), const: Type.Boolean(), properties: Type.Object({ items: Type.Null() }) }),
    'what JSON has not': Type.Object({ at: Type.Date(), big: Type.BigInt(), bytes: Type.Uint8Array(), call: Type.Function([], Type.Any()), nothing: Type.Undefined(), matches: Type.RegExp(/^a+$/), how: Type.Optional(Type.Symbol()) }),
    'each of the rest': Type.Union([Type.Tuple([Type.String(), Type.Number()]), Type.Record(Type.String(), Type.Integer()), Type.Intersect([Type.Object({ a: Type.Literal(1), at: Type.Date() }), Type.Object({ b: Type.Enum({ x: 'x' }) })]), Type.Not(Type.Null()), Type.Never(), Type.TemplateLiteral([Type.Literal('a'), Type.String()]), Type.Any({ default: { type: 'Date' }, examples: [{ type: 'Date' }] })]),
    transformed: Type.Transform(Type.String()).Decode(Number).Encode(String)
  }
  const channels = Object.fromEntries(Object.entries(schemas).map(([, schema], index) => [`/n${index}`, { schema }]))
  const document = await documentOf(t, { channels })
  t.strictSame(await faultsOf(document), [])
  const fits = checksOf(document)
  const dataFits = (index: number, data: unknown) => fits(`n${index}`, 'event', { channel: `/n${index}`, data })
  t.ok(dataFits(0, { name: 'x', children: [{ name: 'y', children: [] }] }))
  t.notOk(dataFits(0, { name: 'x', children: [{ name: 5, children: [] }] }))
  t.ok(dataFits(1, { b: { a: {} } }))
  t.notOk(dataFits(1, { b: { a: 5 } }))
  t.ok(dataFits(2, { one: { x: 'x' } }))
  t.notOk(dataFits(2, { one: { x: 5 } }))
  t.ok(dataFits(3, { type: 'x', $id: 1, const: true, properties: { items: null } }))
  t.notOk(dataFits(3, { type: 5, $id: 1, const: true, properties: { items: null } }))
  t.notOk(dataFits(3, { type: 'x', $id: 1, const: true, properties: {} }))
  t.ok(dataFits(4, { at: '2026-01-01', big: 5, bytes: {}, call: null, nothing: null, matches: 'aaa' }))
  t.notOk(dataFits(4, { at: 5, big: 5, bytes: {}, call: null, nothing: null, matches: 'aaa' }))
  t.notOk(dataFits(4, { at: '2026-01-01', big: 5, bytes: {}, call: null, nothing: null, matches: 'b' }))

  const components: Components = {}
  t.strictSame(addSchema(components, 'tree', Tree), { $ref: '#/components/schemas/tree' })
  t.equal(Object.keys(components).length, 2, 'the schema, and what it names itself')
  addSchema(components, 'by hand', Type.Unsafe({ type: ['string', 'null'] }))
  t.strictSame(components['by hand'], { type: ['string', 'null'] })
  // The parser takes this for a reference.
  addSchema(components, 'a field', Type.Object({ $ref: Type.Date() }))
  t.match(components['a field'], { properties: { $ref: { type: 'string', format: 'date-time' } } })
  t.equal(Tree.$id !== undefined, true, 'the schema of the application is left as it was')
})

t.test('channels whose keys would be the same', async t => {
  const document = await documentOf(t, { channels: { '/a!': {}, '/a~': {}, '/a/any': {}, '/a/*': {}, '/**': {}, '/bayeux/event': { schema: Type.Null() } } })
  t.strictSame(await faultsOf(document), [])
  t.match(Object.keys(document.channels).slice(5), ['a_', 'a_.2', 'a.any', 'a.any.2', 'all', 'bayeux.event'])
})

t.test('who may read it, and where', async t => {
  const without = await startGateway(t)
  t.equal((await without.app.inject('/realtime/asyncapi.json')).statusCode, 404, 'off by default')
  t.equal((await (await startGateway(t, { asyncapi: false })).app.inject('/realtime/asyncapi.json')).statusCode, 404)
  for (const said of [true, false, undefined, 'yes']) {
    const { app } = await startGateway(t, { asyncapi: { authorize: (async () => said) as () => Promise<boolean> } })
    t.match(await app.inject('/realtime/asyncapi.json'), { statusCode: said === true ? 200 : 403 }, String(said))
  }
  const failing = await startGateway(t, { asyncapi: { authorize: () => { throw Object.assign(new Error('Sign in'), { statusCode: 401 }) } } })
  t.match((await failing.app.inject('/realtime/asyncapi.json')).json(), { statusCode: 401, message: 'Sign in' })
  const hooked = await startGateway(t, { asyncapi: true, onRequest: async (_request, reply) => reply.code(401).send('Who are you?') })
  t.equal((await hooked.app.inject('/realtime/asyncapi.json')).statusCode, 401, 'hooks of the gateway run')

  const app = Fastify({ trustProxy: true })
  t.after(() => app.close())
  await app.register(async scope => {
    await scope.register(realtime, { path: '/live', asyncapi: { info: { title: 'Ours', version: '2.1', contact: { name: 'us' } } } })
    scope.realtime.services.set('late', { port: 1 })
    scope.realtime.handle('later', { handler: () => 1 })
  }, { prefix: '/v2' })
  const response = await app.inject({ url: '/v2/live/asyncapi.json', headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example' } })
  t.match(response.headers, { 'cache-control': 'no-cache' })
  const document = response.json()
  t.match(document, { info: { title: 'Ours', version: '2.1', contact: { name: 'us' } }, servers: { websocket: { host: 'app.example', protocol: 'wss', pathname: '/v2/live' }, http: { protocol: 'https' } } })
  t.ok('service.late' in document.channels && 'service.rpc.later' in document.channels, 'what came at run time is in it')
  t.strictSame(await faultsOf(document), [])
})
