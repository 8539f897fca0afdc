/** What compiles and what does not; checked by `npm run types`, never run. */
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import realtime, { defineCall, type RealtimeOptions, type Session, type Connector, type Framing, type History, type Diagnostics } from '../../lib/index.js'
import { prometheus } from '../../lib/prometheus.js'
import { subscribe } from 'node:diagnostics_channel'
import { connect } from 'node:net'
import client from 'prom-client'

const app = Fastify()

app.register(realtime)
app.register(realtime, { services: { random: { port: 1315 }, dmsg: { type: 'tcp', domain: 'localhost', port: 1316, framing: 'lines' } } })
app.register(realtime, { services: { serial: { type: 'serial', baud: 9600 } }, connectors: { serial: service => connect(Number(service.port)) } })
app.register(realtime, { authenticate: async request => request.ip, policy: { canPublish: (session, channel) => session.id === channel } })
app.register(realtime, { onRequest: async request => { request.log.info('hi') }, limits: { batch: 5 } })

// @ts-expect-error an unknown option
app.register(realtime, { nonsense: true })
// @ts-expect-error a string is no number of ms
app.register(realtime, { timeout: '30' })
// @ts-expect-error no such framing
app.register(realtime, { services: { random: { port: 1, framing: 'line' } } })
app.register(realtime, {
  services: {
    spare: { targets: [{ port: 1 }, { port: 2 }] },
    tenant: { type: 'tcp', resolve: (caller, session) => ({ domain: caller.address, port: session.number }) },
    meter: { type: 'udp', port: 5005, listen: true, shared: { snapshot: { key: (data: { id: string }) => data.id } } },
    feed: { type: 'websocket', url: 'wss://feed.example', headers: { authorization: 'x' } },
    vmstat: { type: 'process', command: 'vmstat', args: ['1'], shared: true, hello: ['a', { b: 1 }] },
    echo: { type: 'internal', async * handler (incoming) { for await (const data of incoming) yield data } },
    nodefony: { type: 'internal', handler: { connect: () => 'ready', onMessage: data => data } },
    typed: { type: 'tls', port: 1, schema: { publish: Type.String(), event: Type.Any() } }
  }
})
app.realtime.services.set('late', { port: 1 }).delete('late')
// @ts-expect-error no such encoding
app.realtime.services.set('late', { port: 1, encoding: 'latin1' })
// @ts-expect-error no such limit
app.register(realtime, { limits: { typo: 1 } })
// @ts-expect-error no such transport
app.register(realtime, { transports: ['pigeon'] })

app.register(realtime, {
  channels: {
    '/chat/*': { schema: Type.Object({ text: Type.String() }), publish: (session, data) => session.identity === data.text, rate: { messages: 2 }, history: {} },
    '/state/**': { subscribe: async session => session.identity !== null, retain: true, overflow: 'drop-oldest', echo: false, presence: true },
    '/topic/*': { publish: false, history: { size: 10, ttl: 1000 }, replay: 'salesforce', presence: session => session.number > 1, description: 'topics' }
  }
})
// @ts-expect-error true is no rule: who may is left out
app.register(realtime, { channels: { '/a': { subscribe: true } } })
// @ts-expect-error no such overflow
app.register(realtime, { channels: { '/a': { overflow: 'newest' } } })
// @ts-expect-error a history has a size
app.register(realtime, { channels: { '/a': { history: { length: 5 } } } })

export const history: History = {
  append: async ({ channel, data }, { size, ttl }) => JSON.stringify([channel, data]).length + size + (ttl ?? 0),
  since: (channel, after, limit) => after < limit ? { events: [{ id: 1, event: { channel, data: null } }], last: 1 } : null,
  channels: () => [],
  close () {}
}
app.register(realtime, { history })
// @ts-expect-error a history can be closed
app.register(realtime, { history: { append: () => 1, since: () => null, channels: () => [] } })

export const connector: Connector = (_service, { session, signal }) => {
  const id: string = session === null ? 'shared' : session.id
  const aborted: boolean = signal.aborted
  return connect({ path: id + aborted })
}

// @ts-expect-error a framing decodes too
export const framing: Framing = { whole: true, encode: message => message }

app.register(realtime, {
  calls: {
    add: defineCall({ params: Type.Object({ a: Type.Number(), b: Type.Number() }), result: Type.Number(), handler: async ({ a, b }, { signal }) => signal.aborted ? 0 : a + b }),
    anything: { authorize: async session => session.identity !== null, handler: (params, { session }) => [params, session.number], timeout: 5 },
    // @ts-expect-error it must answer
    nothing: { params: Type.String() },
    // @ts-expect-error the result is a number
    lies: defineCall({ result: Type.Number(), handler: () => 'text' }),
    // @ts-expect-error no such parameter
    mistaken: defineCall({ params: Type.Object({ a: Type.Number() }), handler: ({ b }) => b })
  }
})
app.register(realtime, { channels: { '/a': { presence: true }, '/b/*': { presence: session => session.identity }, '/c': { presence: { info: session => session.number, watch: async () => true } }, '/d': { presence: { watch: false } } } })
// @ts-expect-error who may watch is a rule, not a list
app.register(realtime, { channels: { '/a': { presence: { watch: ['ada'] } } } })
app.realtime.handle('double', { params: Type.Number(), result: Type.Number(), handler: number => number * 2 })
// @ts-expect-error the parameter is a number
app.realtime.handle('shout', { params: Type.Number(), handler: number => number.toUpperCase() })

app.register(realtime, { monitor: { authorize: session => session.identity === 'ada', interval: 500 }, asyncapi: { info: { title: 'Ours', license: { name: 'MIT' } }, authorize: async request => request.ip === '::1' } })
app.register(realtime, { asyncapi: true })
// @ts-expect-error it says who may see it
app.register(realtime, { monitor: { interval: 500 } })
// @ts-expect-error it says who may see it
app.register(realtime, { monitor: true })

export async function watch (): Promise<string> {
  subscribe('fastify-bayeux:deliver', message => {
    const { realtime, channel, receivers } = message as Diagnostics['fastify-bayeux:deliver']
    app.log.info({ channel, receivers, ours: realtime === app.realtime })
  })
  const { ok, state, services: { feed } } = app.realtime.health()
  app.log.info({ ok, full: state === 'full', since: feed?.since, retryAt: feed?.retryAt })
  // @ts-expect-error no such prefix
  prometheus(app.realtime, client, { prefix: 5 })
  return await prometheus(app.realtime, client).metrics()
}

export const options: RealtimeOptions = { directory: session => ({ me: session.number }) }

export async function use (session: Session): Promise<void> {
  const stop: () => void = app.realtime.subscribe('/a/*', (message, from) => {
    const channel: string = message.channel
    const number: number | undefined = from?.number
    app.log.info({ channel, number })
  })
  stop()
  app.realtime.on('disconnect', (gone, reason) => {
    const why: 'disconnected' | 'moved' | 'expired' | 'overflow' | 'closed' | 'kicked' | 'unauthenticated' | 'failed' | 'shutdown' = reason
    app.log.info({ why, number: gone.number })
  })
  // @ts-expect-error no such event
  app.realtime.on('explode', () => {})
  // @ts-expect-error the id of a session is not to be changed
  session.id = 'x'
  const sure: boolean = await session.call('confirm', { text: 'Sure?' }, { timeout: 1000, result: Type.Boolean() })
  // @ts-expect-error the schema says what it is
  const text: string = await session.call('confirm', null, { result: Type.Boolean() })
  app.log.info({ sure, text })
  const delivered: boolean = app.realtime.deliver(session.id, '/a', 1)
  const refused: number | undefined = app.realtime.metrics().refused[402]
  app.log.info({ delivered, refused })
}
