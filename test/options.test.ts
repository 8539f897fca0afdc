/** Options: one schema, refused at `register` with the path of the field. */
import { readFileSync } from 'node:fs'
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import t from 'tap'
import realtime, { LimitsSchema, localBus, OptionsSchema, type RealtimeOptions } from '../lib/index.js'
import { readOptions } from '../lib/options/index.js'
import { DistantHistory } from './harness/distant-history.js'
import { SharedHistory } from './harness/shared-history.js'

function errorOf (options: unknown): string {
  try {
    readOptions(options as RealtimeOptions)
    return 'accepted'
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`
  }
}

t.test('nothing is required', async t => {
  const options = readOptions()
  t.match(options, { path: '/realtime', timeout: 30_000, interval: 0, maxInterval: 10_000, drain: 5000, directory: 'names', transports: ['websocket', 'long-polling'], system: { reconnect: { handshake: true, connect: true } }, services: {} })
  t.equal(options.limits.httpBody, 256 * 1024)
})

t.test('what is wrong is named by its path', async t => {
  const cases: [unknown, RegExp][] = [
    [{ path: 'realtime' }, /: path: /],
    [{ path: '/a/' }, /: path: /],
    [{ path: '/a/:id' }, /: path: /],
    [{ nonsense: 1 }, /: nonsense: Unknown option/],
    [{ timeout: '30' }, /: timeout: Expected integer/],
    [{ timeout: -1 }, /: timeout: /],
    [{ limits: { httpBody: 0 } }, /: limits\.httpBody: /],
    [{ limits: { typo: 1 } }, /: limits\.typo: Unknown option/],
    [{ limits: { clientWaiting: 10, clientResumed: 20 } }, /: limits\.clientResumed: /],
    [{ system: { reconnect: { handshake: 'yes' } } }, /: system\.reconnect\.handshake: Expected boolean/],
    [{ system: { reconect: {} } }, /: system\.reconect: Unknown option/],
    [{ transports: ['carrier-pigeon'] }, /: transports\.0: Expected "websocket" or "long-polling"/],
    [{ transports: [] }, /: transports: /],
    [{ directory: 'all' }, /: directory: Expected "names" or "full" or a function/],
    [{ logLevel: 'loud' }, /: logLevel: Expected "fatal" or/],
    [{ authenticate: 'yes' }, /: authenticate: Expected function/],
    [{ onRequest: [1] }, /: onRequest: Expected a function or an array/],
    [{ origins: 'x' }, /: origins: Expected array/],
    [{ extensions: [{}] }, /: extensions\.0\.name: /],
    [{ connectors: { serial: 5 } }, /: connectors\.serial: Expected function/],
    [{ services: { random: {} } }, /: services\.random\.port: Expected required property/],
    [{ services: { random: { port: 70_000 } } }, /: services\.random\.port: /],
    [{ services: { random: { port: '1315' } } }, /: services\.random\.port: Expected integer/],
    [{ services: { random: { port: 1, prot: 2 } } }, /: services\.random\.prot: Unknown option/],
    [{ services: { random: { port: 1, framing: 'line' } } }, /: services\.random\.framing: Expected "raw" or "lines" or "content-length" or "delimiter" or "length-prefixed"/],
    [{ services: { random: { port: 1, framing: 'delimiter' } } }, /: services\.random\.framing\.delimiter: Expected string or array/],
    [{ services: { random: { port: 1, framing: { type: 'length-prefixed', bytes: 3 } } } }, /: services\.random\.framing\.bytes: Expected 1 or 2 or 4/],
    [{ services: { random: { port: 1, framing: { type: 'lines', x: 1 } } } }, /: services\.random\.framing\.x: Unknown option/],
    [{ services: { random: { port: 1, framing: { encode: 5 } } } }, /: services\.random\.framing\.whole: /],
    [{ services: { random: { port: 1, encoding: 'json' } } }, /: services\.random\.encoding: JSON needs a framing/],
    [{ services: { random: { port: 1, encoding: 'latin1' } } }, /: services\.random\.encoding: Expected "utf8" or "json" or "base64" or "binary" or "none"/],
    [{ services: { random: { type: 'smoke' } } }, /: services\.random\.type: Unknown connector 'smoke'; known: tcp, tls, udp, unix, websocket, process, internal, monitoring/],
    [{ services: { random: 5 } }, /: services\.random: /],
    [{ services: { 'a b': { port: 1 } } }, /: services\.a b: A name becomes a channel/],
    [{ services: [{ port: 1 }] }, /: services: Expected object/],
    [{ services: JSON.parse('{"__proto__":{"port":1}}') }, /: services\.__proto__: No name for a service/],
    [{ services: { rpc: { port: 1 } } }, /: services\.rpc: The gateway keeps this name/],
    [{ services: { 'presence/x': { port: 1 } } }, /: services\.presence\/x: The gateway keeps this name/],
    [{ services: { random: { port: 1, shared: true, resolve: () => null } } }, /: services\.random: 'shared' and 'resolve' exclude each other/],
    [{ services: { random: { targets: [{ port: 1 }], resolve: () => null } } }, /: services\.random: 'resolve' and 'targets' exclude each other/],
    [{ services: { random: { targets: [{ port: 1 }, { prt: 2 }] } } }, /: services\.random\.targets\.1\.port: Expected required property/],
    [{ services: { random: { targets: [{ port: 1, prt: 2 }] } } }, /: services\.random\.targets\.0\.prt: Unknown option/],
    [{ services: { random: { targets: [] } } }, /: services\.random\.targets: /],
    [{ services: { random: { resolve: 5 } } }, /: services\.random\.resolve: Expected function/],
    [{ services: { random: { port: 1, shared: 'yes' } } }, /: services\.random\.shared: Expected true, false, or/],
    [{ services: { random: { port: 1, shared: { snapshots: 1 } } } }, /: services\.random\.shared\.snapshots: Unknown option/],
    [{ services: { random: { port: 1, shared: { snapshot: -1 } } } }, /: services\.random\.shared\.snapshot\.size: /],
    [{ services: { random: { port: 1, shared: { snapshot: 501 } } } }, /: services\.random\.shared\.snapshot\.size: Expected at most half of limits\.outboxEvents/],
    [{ services: { random: { port: 1, shared: { snapshot: { key: 5 } } } } }, /: services\.random\.shared\.snapshot\.key: Expected the name of a property/],
    [{ services: { random: { port: 1, shared: { reconnect: { min: 50, max: 5 } } } } }, /: services\.random\.shared\.reconnect: Expected true, false, or/],
    [{ services: { random: { port: 1, shared: true, hello: () => 'x' } } }, /: services\.random\.hello: A function is asked for each session/],
    [{ services: { random: { port: 1, framing: 'lines', hello: 'a\nb' } } }, /: services\.random\.hello: Does not fit/],
    [{ services: { random: { port: 1, encoding: 'base64', hello: ['!'] } } }, /: services\.random\.hello: Does not fit/],
    [{ services: { random: { port: 1, schema: { publish: { type: 'object' } } } } }, /: services\.random\.schema\.publish: Expected a TypeBox schema/],
    [{ services: { random: { port: 1, schema: { event: Type.Unsafe({ type: 'object' }) } } } }, /: services\.random\.schema\.event: Expected a TypeBox schema/],
    [{ services: { random: { port: 1, encoding: 'none' } } }, /: services\.random\.encoding: 'none' is for services that speak in objects/],
    [{ services: { random: { type: 'udp', port: 1, framing: 'lines' } } }, /: services\.random\.framing: Expected no framing/],
    [{ services: { random: { type: 'udp', port: 1, listen: true } } }, /: services\.random\.listen: Only one can listen/],
    [{ services: { random: { type: 'websocket', url: 'http://x' } } }, /: services\.random\.url: /],
    [{ services: { random: { type: 'process' } } }, /: services\.random\.command: Expected required property/],
    [{ services: { random: { type: 'process', command: 'x', args: 'a b' } } }, /: services\.random\.args: Expected array/],
    [{ services: { random: { type: 'internal' } } }, /: services\.random\.handler: Expected/],
    [{ services: { random: { type: 'internal', handler: 'text' } } }, /: services\.random\.handler: Expected a function/],
    [{ services: { random: { type: 'monitoring', interval: 1 } } }, /: services\.random\.interval: /],
    [{ asyncapi: 'yes' }, /: asyncapi: Expected true, false, or \{ info, authorize \}/],
    [{ asyncapi: { info: { title: 5 } } }, /: asyncapi\.info\.title: Expected string/],
    [{ asyncapi: { authorise () {} } }, /: asyncapi\.authorise: Unknown option/],
    [{ asyncapi: { authorize: true } }, /: asyncapi\.authorize: Expected function/],
    [{ monitor: true }, /: monitor: Expected \{ authorize \}: a function that says who may see it/],
    [{ monitor: {} }, /: monitor\.authorize: Expected required property/],
    [{ monitor: { authorize: true } }, /: monitor\.authorize: Expected function/],
    [{ monitor: { authorize () {}, rows: 5 } }, /: monitor\.rows: Unknown option/],
    [{ monitor: { authorize () {}, interval: 10 } }, /: monitor\.interval: /],
    [{ monitor: { authorize () {} }, services: { monitor: { port: 1 } } }, /: services\.monitor: The gateway keeps this name/],
    [{ hosts: 'b.example' }, /: hosts: Expected an array of host names, or a function that gives one/],
    [{ hosts: ['https://b.example/'] }, /: hosts: Expected an array of host names/],
    [{ publish: true }, /: publish: Expected \{ authorize \}: a function that says who may publish/],
    [{ publish: {} }, /: publish\.authorize: Expected required property/],
    [{ publish: { authorize: 'all' } }, /: publish\.authorize: Expected function/],
    [{ publish: { authorize () {}, authorise () {} } }, /: publish\.authorise: Unknown option/],
    [{ services: { random: { type: 'constructor' } } }, /: services\.random\.type: Unknown connector/],
    [{ calls: [] }, /: calls: Expected object/],
    [{ calls: JSON.parse('{"__proto__":{}}') }, /: calls\.__proto__: No name for a call/],
    [{ calls: { 'a b': { handler: () => 1 } } }, /: calls\.a b: A name becomes a channel/],
    [{ calls: { '/add': { handler: () => 1 } } }, /: calls\.\/add: A name becomes a channel/],
    [{ calls: { add: () => 1 } }, /: calls\.add: Expected object/],
    [{ calls: { add: {} } }, /: calls\.add\.handler: Expected required property/],
    [{ calls: { add: { handler: 'x' } } }, /: calls\.add\.handler: Expected function/],
    [{ calls: { add: { handler: () => 1, params: { type: 'number' } } } }, /: calls\.add\.params: Expected a TypeBox schema/],
    [{ calls: { add: { handler: () => 1, result: 5 } } }, /: calls\.add\.result: Expected a TypeBox schema/],
    [{ calls: { add: { handler: () => 1, params: Type.Unsafe({ type: 'number' }) } } }, /: calls\.add\.params: Expected a TypeBox schema/],
    [{ calls: { add: { handler: () => 1, timeout: 0 } } }, /: calls\.add\.timeout: /],
    [{ calls: { add: { handler: () => 1, authorise: () => true } } }, /: calls\.add\.authorise: Unknown option/],
    [{ channels: ['/a'] }, /: channels: Expected object/],
    [{ channels: JSON.parse('{"__proto__":{}}') }, /: channels\.__proto__: No name for a channel/],
    [{ channels: { chat: {} } }, /: channels\["chat"\]: Expected a channel, or a pattern/],
    [{ channels: { '/a/*/b': {} } }, /: channels\["\/a\/\*\/b"\]: Expected a channel, or a pattern/],
    [{ channels: { '/a/': {} } }, /: channels\["\/a\/"\]: Expected a channel, or a pattern/],
    [{ channels: { '/service/x': {} } }, /: channels\["\/service\/x"\]: Expected a broadcast channel: not under \/service/],
    [{ channels: { '/meta/**': {} } }, /: channels\["\/meta\/\*\*"\]: Expected a broadcast channel: not under \/meta/],
    [{ channels: { '/a': 5 } }, /: channels\["\/a"\]: Expected object/],
    [{ channels: { '/a': { shema: {} } } }, /: channels\["\/a"\]\.shema: Unknown option/],
    [{ channels: { '/a': { schema: { type: 'object' } } } }, /: channels\["\/a"\]\.schema: Expected a TypeBox schema/],
    [{ channels: { '/a': { schema: Type.Unsafe({ type: 'object' }) } } }, /: channels\["\/a"\]\.schema: Expected a TypeBox schema/],
    [{ channels: { '/a': { schema: Type.Object({ text: { type: 'string' } as never }) } } }, /: channels\["\/a"\]\.schema: Expected a TypeBox schema/],
    [{ channels: { '/a': { subscribe: true } } }, /: channels\["\/a"\]\.subscribe: Expected a function, or false/],
    [{ channels: { '/a': { publish: 'all' } } }, /: channels\["\/a"\]\.publish: Expected a function, or false/],
    [{ channels: { '/a': { overflow: 'drop' } } }, /: channels\["\/a"\]\.overflow: Expected "disconnect" or "drop-oldest"/],
    [{ channels: { '/a': { echo: 'no' } } }, /: channels\["\/a"\]\.echo: Expected boolean/],
    [{ channels: { '/a': { rate: 5 } } }, /: channels\["\/a"\]\.rate: Expected object/],
    [{ channels: { '/a': { rate: { messages: 0 } } } }, /: channels\["\/a"\]\.rate\.messages: /],
    [{ channels: { '/a': { rate: { messages: 1, burst: 0 } } } }, /: channels\["\/a"\]\.rate\.burst: /],
    [{ channels: { '/chat/*': { history: { size: 'many' } } } }, /: channels\["\/chat\/\*"\]\.history\.size: Expected integer/],
    [{ channels: { '/chat/*': { history: { size: 0 } } } }, /: channels\["\/chat\/\*"\]\.history\.size: /],
    [{ channels: { '/chat/*': { history: { ttl: 1.5 } } } }, /: channels\["\/chat\/\*"\]\.history\.ttl: /],
    [{ channels: { '/a': { retain: 1 } } }, /: channels\["\/a"\]\.retain: Expected boolean/],
    [{ channels: { '/a': { replay: 'salesforce' } } }, /: channels\["\/a"\]\.replay: Expected history or retain/],
    [{ channels: { '/a': { replay: 'kafka', retain: true } } }, /: channels\["\/a"\]\.replay: /],
    [{ channels: { '/a': { presence: false } } }, /: channels\["\/a"\]\.presence: Expected true, a function, or \{ info, watch \}/],
    [{ channels: { '/a': { presence: { info: 5 } } } }, /: channels\["\/a"\]\.presence\.info: Expected function/],
    [{ channels: { '/a': { presence: { watch: true } } } }, /: channels\["\/a"\]\.presence\.watch: Expected a function, or false/],
    [{ channels: { '/a': { presence: { who: () => 1 } } } }, /: channels\["\/a"\]\.presence\.who: Unknown option/],
    [{ channels: { '/a': { description: 5 } } }, /: channels\["\/a"\]\.description: Expected string/]
  ]
  for (const [options, expected] of cases) t.match(errorOf(options), new RegExp(`^FST_BAYEUX_OPTIONS fastify-bayeux${expected.source}`), JSON.stringify(options))
})

t.test('channels: defaults are filled in, and the caller\'s object is left alone', async t => {
  const schema = Type.Object({ text: Type.String() })
  const rule = () => true
  const given = { '/chat/*': { schema, publish: rule, history: {} }, '/last': { retain: true, rate: { messages: 2 } } }
  const { channels } = readOptions({ channels: given })
  t.match(channels['/chat/*'], { overflow: 'disconnect', echo: true, retain: false, history: { size: 100 } })
  t.equal(channels['/chat/*']?.schema, schema)
  t.equal(channels['/chat/*']?.publish, rule)
  t.match(channels['/last'], { history: { size: 1 }, rate: { messages: 2, burst: 10 } })
  t.strictSame(given['/chat/*'].history, {})
})

t.test('a configuration as Nodefony generates it', async t => {
  const options = readOptions({ locale: 'en_en', system: { bufferSize: 5, reconnect: { connect: false } }, services: null } as never)
  t.match(options, { system: { reconnect: { handshake: true, connect: false } }, services: {} })
  t.match(readOptions({ services: { random: { type: 'TCP', port: 1315 } } } as never).services.random, { type: 'tcp', domain: 'localhost' })
})

t.test('register refuses, and the boot says why', async t => {
  const app = Fastify()
  t.after(() => app.close())
  await t.rejects(async () => app.register(realtime, { services: { random: { port: 0 } } }), { code: 'FST_BAYEUX_OPTIONS', message: /services\.random\.port/ })
})

t.test('functions, hooks and own connectors are taken as they are, and the caller\'s object is left alone', async t => {
  const serial = () => { throw new Error('unused') }
  const given = { directory: () => ({}), onRequest: [async () => {}], preHandler: async () => {}, authenticate: () => 1, connectors: { serial }, services: { port: { type: 'serial', baud: 9600 } } }
  const options = readOptions(given as RealtimeOptions)
  t.equal(options.connectors.serial, serial)
  t.equal(options.directory, given.directory)
  t.equal(options.authenticate, given.authenticate)
  t.match(options.services.port, { type: 'serial', baud: 9600, framing: 'raw', encoding: 'utf8' })
  t.strictSame(given.services, { port: { type: 'serial', baud: 9600 } })
})

t.test('the plugin says what it needs', async t => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(realtime)
  t.ok(app.hasPlugin('fastify-bayeux'))
  await t.rejects(async () => app.register(realtime), { code: 'FST_ERR_DEC_ALREADY_PRESENT' })
})

t.test('nodes keep their events together, or none', async t => {
  const backplane = localBus().node()
  const channels = { '/news': { history: { size: 5 } } }
  t.throws(() => readOptions({ backplane, channels }), { code: 'FST_BAYEUX_OPTIONS', message: /history: .*\/news.*natsHistory/ })
  t.throws(() => readOptions({ backplane, channels: { '/news': { retain: true } } }), { code: 'FST_BAYEUX_OPTIONS' })
  t.throws(() => readOptions({ backplane, channels, history: new DistantHistory() }), { code: 'FST_BAYEUX_OPTIONS' })
  t.equal(readOptions({ backplane, channels, history: new SharedHistory() }).backplane, backplane)
  t.equal(readOptions({ backplane }).backplane, backplane)
  t.throws(() => readOptions({ backplane: {} as never }), { code: 'FST_BAYEUX_OPTIONS', message: /backplane: Expected a Backplane/ })
})

t.test('the README names every option and every limit', async t => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const name of Object.keys(OptionsSchema.properties)) t.match(readme, new RegExp(`^\\| \`${name}[\`.]`, 'm'), name)
  for (const name of Object.keys(LimitsSchema.properties)) t.match(readme, `| \`limits.${name}\` |`, name)
})
