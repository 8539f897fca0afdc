/** The option `channels`: which definition counts, and what it says of data, rules, rate, echo and overflow. */
import { Type } from '@sinclair/typebox'
import fc from 'fast-check'
import t from 'tap'
import type { InjectedClient, RealtimeOptions } from '../../lib/index.js'
import { Channels } from '../../lib/broker/channels.js'
import { readOptions } from '../../lib/options/index.js'
import { coveringNames, interestKeys } from '../../lib/protocol/channel.js'
import { startGateway, type Gateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

function channelsOf (names: readonly string[]): Channels {
  const { channels, limits } = readOptions({ channels: Object.fromEntries(names.map(name => [name, {}])) })
  return new Channels(channels, limits)
}

async function join ({ app }: Gateway, identity: unknown = null): Promise<InjectedClient> {
  const client = app.realtime.inject({ identity })
  await client.handshake()
  return client
}

const codeOf = async (reply: Promise<{ successful: boolean, error?: string }>) => {
  const { successful, error = '' } = await reply
  return successful ? 'ok' : error.split(':')[0]
}

t.test('the most specific definition counts: the channel, then /*, then the deepest /**', async t => {
  const channels = channelsOf(['/**', '/a/**', '/a/b/**', '/a/b/*', '/a/b/c', '/*'])
  const found = (name: string) => channels.of(name)?.name ?? null
  for (const [name, expected] of [
    ['/a/b/c', '/a/b/c'], ['/a/b/d', '/a/b/*'], ['/a/b/d/e', '/a/b/**'], ['/a/c', '/a/**'], ['/x/y', '/**'], ['/x', '/*'],
    ['/a/b/*', '/a/b/*'], ['/a/b/**', '/a/b/**'], ['/a/x/*', '/a/**'], ['/a/x/**', '/a/**'], ['/**', '/**'], ['/x/*', '/**']
  ] as const) t.equal(found(name), expected, name)
  for (const other of ['/service/x', '/meta/connect', '/a*', 'a']) t.equal(found(other), null, other)
  t.equal(found('/a/b/c'), '/a/b/c', 'as often as it is asked')
  t.strictSame(channels.under('/a/**').map(({ name }) => name), ['/a/**', '/a/b/**', '/a/b/*', '/a/b/c'])
  t.strictSame(channels.under('/z/**').map(({ name }) => name), ['/**'])
  t.strictSame(channelsOf(['/a/b']).under('/b/**'), [])
})

t.test('whoever invents channels makes it remember no more', async t => {
  const channels = channelsOf(['/a/*'])
  for (let number = 0; number < 25_000; number++) channels.of(`/x/${number}`)
  t.equal(channels.of('/a/1')?.name, '/a/*')
  t.equal(channels.of('/x/1'), null)
})

t.test('what covers a name is what a subscription to it would hear, from the narrowest up', async t => {
  t.strictSame(coveringNames('/a/b'), ['/a/b', '/a/*', '/a/**', '/**'])
  t.strictSame(coveringNames('/a/*'), ['/a/*', '/a/**', '/**'])
  t.strictSame(coveringNames('/a/**'), ['/a/**', '/**'])
  t.strictSame(coveringNames('/**'), ['/**'])
  t.strictSame(coveringNames('/*'), ['/*', '/**'])
  const segment = fc.constantFrom('a', 'b', 'c')
  fc.assert(fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), segments => {
    const channel = '/' + segments.join('/')
    return JSON.stringify([...coveringNames(channel)].sort()) === JSON.stringify([...interestKeys(channel)].sort())
  }))
})

t.test('schema: 422 with the pointer for a client, an exception for the application', async t => {
  const gateway = await startGateway(t, { channels: { '/chat/*': { schema: Type.Object({ text: Type.String({ maxLength: 5 }) }) } } })
  const client = await join(gateway)
  t.match(await client.publish('/chat/a', { text: 'hi' }), { successful: true })
  t.equal((await client.publish('/chat/a', { text: 'much too long' })).error, '422:/chat/a:Data does not fit the schema of the channel: /text Expected string length less or equal to 5')
  t.match((await client.publish('/chat/a', 5)).error, /^422:\/chat\/a:.*: \/ Expected object/)
  t.match(await client.publish('/other', 5), { successful: true })
  t.throws(() => gateway.app.realtime.publish('/chat/a', {}), { code: 'FST_BAYEUX_USAGE', message: /^\/chat\/a: .* \/text Expected required property/ })
  gateway.app.realtime.publish('/chat/a', { text: 'fine' })
})

t.test('the order of asking: limits, extensions, policy, the rule of the channel, schema', async t => {
  const asked: string[] = []
  const no = new Set<string>()
  const ask = (name: string) => {
    asked.push(name)
    return !no.has(name)
  }
  const schema = Type.Transform(Type.Number()).Decode(value => value).Encode(value => value)
  const gateway = await startGateway(t, {
    extensions: [{ name: 'x', incoming: message => message.channel === '/a' ? ask('extension') : undefined }],
    policy: { canPublish: () => ask('policy') },
    channels: { '/a': { rate: { messages: 0.001, burst: 5 }, publish: async () => ask('rule'), schema } }
  })
  const client = await join(gateway)
  for (const [refusing, expected] of [['extension', '403'], ['policy', '403'], ['rule', '403']] as const) {
    no.add(refusing)
    t.equal(await codeOf(client.publish('/a', 'no number')), expected, refusing)
    no.clear()
  }
  t.equal(await codeOf(client.publish('/a', 'no number')), '422')
  t.equal(await codeOf(client.publish('/a', 1)), 'ok')
  t.equal(await codeOf(client.publish('/a', 1)), '429')
  t.strictSame(asked.join(' '), 'extension extension policy extension policy rule extension policy rule extension policy rule')
})

t.test('rules: who may subscribe and publish, nobody, and only true allows', async t => {
  const gateway = await startGateway(t, {
    channels: {
      '/open': {},
      '/mine/*': { subscribe: ({ identity }) => identity === 'ada', publish: ({ identity }, data) => identity === data },
      '/closed': { subscribe: false, publish: false },
      '/later': { subscribe: async () => true, publish: async () => '429::Not now' },
      '/silent': { subscribe: (() => {}) as never, publish: (() => {}) as never }
    }
  })
  const [ada, bob] = [await join(gateway, 'ada'), await join(gateway, 'bob')]
  const subscribe = (client: InjectedClient, channel: string) => codeOf(client.subscribe(channel))
  const publish = (client: InjectedClient, channel: string, data: unknown = 1) => codeOf(client.publish(channel, data))
  t.strictSame(await Promise.all(['/open', '/mine/1', '/closed', '/later', '/silent', '/else'].map(channel => subscribe(ada, channel))), ['ok', 'ok', '403', 'ok', '403', 'ok'])
  t.equal(await subscribe(bob, '/mine/1'), '403')
  t.strictSame(await Promise.all(['/open', '/closed', '/later', '/silent', '/else'].map(channel => publish(ada, channel))), ['ok', '405', '429', '403', 'ok'])
  t.strictSame([await publish(bob, '/mine/1', 'bob'), await publish(bob, '/mine/1', 'ada')], ['ok', '403'])
  const heard: unknown[] = []
  gateway.app.realtime.subscribe('/closed', ({ data }) => heard.push(data))
  gateway.app.realtime.publish('/closed', 'mine')
  t.strictSame(heard, ['mine'], 'rules are not for the application')
})

t.test('a rule that throws is a 500 without detail', async t => {
  const boom = () => { throw new Error('secret detail') }
  const gateway = await startGateway(t, { channels: { '/a': { subscribe: boom, publish: boom } } })
  const client = await join(gateway)
  t.equal((await client.subscribe('/a')).error, '500::Internal error')
  t.equal((await client.publish('/a', 1)).error, '500::Internal error')
})

t.test('a pattern does not get around the rules of what it covers', async t => {
  const gateway = await startGateway(t, {
    channels: {
      '/chat/*': { subscribe: ({ identity }) => identity === 'ada' },
      '/chat/secret': { subscribe: false },
      '/news/**': { subscribe: () => true },
      '/news/late': { subscribe: async ({ identity }) => identity === 'ada' }
    }
  })
  const [ada, bob] = [await join(gateway, 'ada'), await join(gateway, 'bob')]
  const tried = async (client: InjectedClient) => {
    const codes: Record<string, string | undefined> = {}
    for (const pattern of ['/**', '/*', '/chat/*', '/chat/**', '/chat/room', '/chat/secret', '/chat/room/*', '/news/*', '/news/**', '/news/a/*']) codes[pattern] = await codeOf(client.subscribe(pattern))
    return codes
  }
  t.strictSame(await tried(ada), {
    '/**': '403', '/*': 'ok', '/chat/*': '403', '/chat/**': '403', '/chat/room': 'ok', '/chat/secret': '403', '/chat/room/*': 'ok', '/news/*': 'ok', '/news/**': 'ok', '/news/a/*': 'ok'
  })
  t.match(await tried(bob), { '/**': '403', '/*': 'ok', '/chat/room': '403', '/news/*': '403', '/news/**': '403', '/news/a/*': 'ok' })
})

t.test('what is closed in general may be opened in particular, for patterns too', async t => {
  const gateway = await startGateway(t, { channels: { '/**': { subscribe: false, publish: false }, '/open/**': {} } })
  const client = await join(gateway)
  t.strictSame([await codeOf(client.subscribe('/a')), await codeOf(client.subscribe('/open/a')), await codeOf(client.subscribe('/open/a/*')), await codeOf(client.subscribe('/**'))], ['403', 'ok', 'ok', '403'])
  t.strictSame([await codeOf(client.publish('/a', 1)), await codeOf(client.publish('/open/a', 1))], ['405', 'ok'])
})

t.test('/** says nothing of services', async t => {
  const gateway = await startGateway(t, {
    services: { echo: { type: 'internal', handler: { onMessage: (data: unknown) => data } } },
    channels: { '/**': { subscribe: false, publish: false, schema: Type.Number(), rate: { messages: 0.001, burst: 1 } } }
  })
  const client = await join(gateway)
  t.equal(await codeOf(client.subscribe('/service/echo')), 'ok')
  for (let n = 0; n < 3; n++) t.equal(await codeOf(client.publish('/service/echo', 'text')), 'ok')
})

t.test('without a session: where a channel has a publish rule, nobody publishes', async t => {
  const { url } = await startGateway(t, {
    policy: { canPublishWithoutSession: () => true },
    channels: { '/asked': { publish: () => true }, '/closed': { publish: false }, '/typed': { schema: Type.Number() } }
  })
  const client = new PollClient(url)
  const replies = await client.send(...['/free', '/asked', '/closed', '/typed'].map(channel => ({ channel, data: 'x', id: channel })))
  t.strictSame(replies.map(({ error }) => error?.split(':')[0] ?? 'ok'), ['ok', '403', '405', '422'])
})

t.test('rate: by session and definition, whichever of its channels', async t => {
  const gateway = await startGateway(t, { channels: { '/chat/*': { rate: { messages: 0.001, burst: 2 } }, '/chat/free': {} } })
  const [ada, bob] = [await join(gateway), await join(gateway)]
  t.strictSame([await codeOf(ada.publish('/chat/a', 1)), await codeOf(ada.publish('/chat/b', 1)), await codeOf(ada.publish('/chat/c', 1))], ['ok', 'ok', '429'])
  t.strictSame([await codeOf(ada.publish('/chat/free', 1)), await codeOf(ada.publish('/other', 1)), await codeOf(bob.publish('/chat/a', 1))], ['ok', 'ok', 'ok'])
  for (let n = 0; n < 5; n++) gateway.app.realtime.publish('/chat/a', n)
})

for (const history of [undefined, { size: 5 }]) {
  t.test(`echo: false spares the publisher, however it is subscribed${history === undefined ? '' : ', with a history too'}`, async t => {
    const gateway = await startGateway(t, { channels: { '/chat/*': { echo: false, history } } })
    const [ada, bob] = [await join(gateway), await join(gateway)]
    for (const client of [ada, bob]) for (const channel of ['/chat/a', '/chat/*', '/**']) await client.subscribe(channel)
    const heard: unknown[] = []
    gateway.app.realtime.subscribe('/chat/a', ({ data }) => heard.push(data))
    await ada.publish('/chat/a', 'from ada')
    await ada.publish('/other', 'comes back')
    t.equal((await bob.next()).data, 'from ada')
    t.equal((await ada.next()).data, 'comes back')
    gateway.app.realtime.publish('/chat/a', 'from the application')
    t.equal((await ada.next()).data, 'from the application')
    t.strictSame(heard, ['from ada', 'from the application'])
  })
}

const slow: RealtimeOptions = {
  limits: { outboxEvents: 10 },
  channels: { '/prices/*': { overflow: 'drop-oldest' }, '/orders': {} }
}

t.test('drop-oldest: a session that reads too slowly loses the oldest, and nothing else', async t => {
  const { app, url } = await startGateway(t, slow)
  const client = await new PollClient(url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: ['/prices/*', '/orders'] })
  app.realtime.publish('/orders', 'first')
  for (let n = 0; n < 30; n++) app.realtime.publish('/prices/a', n)
  app.realtime.deliver(client.clientId, '/prices/a', 'delivered')
  t.match(app.realtime.metrics(), { dropped: 22, overflowed: 0 })
  const messages = await client.connect()
  t.strictSame(messages.slice(0, -1).map(({ data }) => data), ['first', 22, 23, 24, 25, 26, 27, 28, 29, 'delivered'], 'what may not be dropped is not')
  for (let n = 0; n < 10; n++) app.realtime.publish('/prices/a', n)
  app.realtime.publish('/orders', 'one too many')
  t.match(app.realtime.metrics(), { overflowed: 1 }, 'the channel of the event that is too much decides')
  t.match(await client.connect(), [{ error: /^413:/ }])
})

t.test('drop-oldest: an event that alone is too much is dropped, and bytes count too', async t => {
  const { app, url } = await startGateway(t, { ...slow, limits: { outboxBytes: 1000 } })
  const client = await new PollClient(url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/prices/*' })
  for (let n = 0; n < 5; n++) app.realtime.publish('/prices/a', `${n}`.repeat(300))
  app.realtime.publish('/prices/a', 'x'.repeat(2000))
  app.realtime.publish('/prices/a', 'end')
  const messages = await client.connect()
  t.strictSame(messages.slice(0, -1).map(({ data }) => data[0]), ['e'])
  t.match(app.realtime.metrics(), { dropped: 6, overflowed: 0 })
})

t.test('drop-oldest with ack: what was not acknowledged counts, and is the oldest', async t => {
  const { app, url } = await startGateway(t, slow)
  const client = new PollClient(url)
  const [reply] = await client.send({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'], ext: { ack: true } })
  const { clientId } = reply
  const connect = (ack: number) => client.send({ channel: '/meta/connect', clientId, connectionType: 'long-polling', ext: { ack }, advice: { timeout: 0 } })
  await connect(0)
  await client.send({ channel: '/meta/subscribe', clientId, subscription: '/prices/*' })
  for (let n = 0; n < 8; n++) app.realtime.publish('/prices/a', n)
  t.equal((await connect(0)).length, 9)
  for (let n = 8; n < 12; n++) app.realtime.publish('/prices/a', n)
  t.strictSame((await connect(0)).slice(0, -1).map(({ data }) => data), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

t.test('drop-oldest on a WebSocket that is not read: it lives, and goes on with the newest', async t => {
  const { app, wsUrl } = await startGateway(t, { channels: { '/prices/*': { overflow: 'drop-oldest' } }, limits: { outboxEvents: 50 } })
  const client = await SocketClient.connect(t, wsUrl)
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/prices/*' })
  client.ws.pause()
  let last = 0
  await until(() => {
    for (let n = 0; n < 20; n++) app.realtime.publish('/prices/a', { number: ++last, text: 'x'.repeat(50_000) })
    return app.realtime.metrics().dropped > 100
  })
  client.ws.resume()
  await client.next(({ data }) => data?.number === last)
  const numbers = client.messages.filter(({ channel }) => channel === '/prices/a').map(({ data }) => data.number)
  t.strictSame(numbers, [...numbers].sort((one, other) => one - other), 'in order')
  t.match(app.realtime.metrics(), { overflowed: 0, sessions: 1 })
})
