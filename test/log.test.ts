/** The log of a gateway at its most talkative: it says what happens, and holds no token, no cookie, no data and no clientId. */
import { Writable } from 'node:stream'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import type { RealtimeOptions } from '../lib/index.js'
import { freePort } from './harness/free-port.js'
import { startGateway, type Gateway } from './harness/gateway.js'
import { SocketClient, type Message } from './harness/socket-client.js'
import { startTcpService } from './harness/tcp-service.js'
import { until } from './harness/until.js'

const secret = (what: string) => `Secret-${what}`
const headers = { authorization: `Bearer ${secret('header')}`, cookie: `sid=${secret('cookie')}` }
const data = { words: secret('data') }

/** A gateway that logs all it can, with what goes wrong in an application. */
async function talkative (t: Test, options: RealtimeOptions): Promise<Gateway & { log: () => string }> {
  let written = ''
  const stream = new Writable({ write (chunk, _encoding, done) { written += chunk; done() } })
  const gateway = await startGateway(t, {
    transports: ['websocket', 'long-polling', 'callback-polling'],
    authenticate: (request, { ext }) => {
      if (request.headers.authorization !== headers.authorization) throw new Error('no such token')
      return { token: ext?.token, name: 'ada' }
    },
    publish: { authorize: () => true },
    policy: { canPublish: (_session, channel) => { if (channel === '/throws') throw new Error('a policy that fails'); return true } },
    channels: { '/strict': { schema: Type.Number(), history: {} } },
    calls: { fails: { handler: () => { throw new Error('a call that fails') } }, lies: { result: Type.Number(), handler: () => secret('data') } },
    extensions: [{ name: 'failing', outgoing: message => { if (message.channel === '/failing') return Promise.reject(new Error('an extension that fails')) } }],
    ...options
  }, { fastify: { logger: { level: 'trace', stream } } })
  gateway.app.realtime.subscribe('/heard', () => { throw new Error('a listener that fails') })
  gateway.app.realtime.on('subscribe', () => { throw new Error('another one') })
  return { ...gateway, log: () => written }
}

const shake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket', 'long-polling', 'callback-polling'], ext: { token: secret('token') } }

async function speak (ask: (message: Message) => Promise<Message>): Promise<string> {
  const { clientId } = await ask(shake)
  await ask({ channel: '/meta/connect', clientId, connectionType: 'websocket', advice: { timeout: 0 }, ext: { token: secret('token') } })
  for (const subscription of ['/a', '/heard', '/failing', '/meta/x', '/bad channel', '/service/it', '/service/away', '/service/json', '/service/unknown']) {
    await ask({ channel: '/meta/subscribe', clientId, subscription, data, ext: { token: secret('token') } })
  }
  for (const channel of ['/a', '/heard', '/failing', '/throws', '/strict', '/service/it', '/service/json', '/service/unknown', '/service/rpc/fails', '/service/rpc/lies', '/service/rpc/unknown', '/*']) await ask({ channel, clientId, data, ext: { token: secret('token') } })
  await ask({ channel: '/a', clientId: secret('client'), data })
  await ask({ channel: '/a', clientId, data: 5 })
  await ask({ channel: 5, data })
  return clientId
}

t.test('what a log must not hold', async t => {
  const service = await startTcpService(t, socket => socket.on('data', () => socket.write(`{"no": ${secret('event')}\n`)))
  const { app, url, wsUrl, log } = await talkative(t, {
    services: {
      it: { port: service.port, domain: '127.0.0.1', hello: secret('hello') },
      json: { port: service.port, domain: '127.0.0.1', framing: 'lines', encoding: 'json' },
      away: { port: await freePort(), domain: '127.0.0.1', hello: secret('hello') }
    }
  })
  const secrets = new Set(['header', 'cookie', 'token', 'data', 'event', 'hello', 'client', 'garbage', 'name'].map(secret))

  const post = async (body: string, more: Record<string, string> = headers) => {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...more }, body })
    const cookie = /BAYEUX_BROWSER=(\w+)/.exec(response.headers.get('set-cookie') ?? '')?.[1]
    if (cookie !== undefined) secrets.add(cookie)
    return await response.text()
  }
  const socket = await SocketClient.open(t, `${wsUrl}?token=${secret('token')}`, { headers })
  secrets.add(await speak(message => socket.ask(message)))
  secrets.add((socket.cookie as string).split('=')[1] as string)
  secrets.add(await speak(async message => JSON.parse(await post(JSON.stringify([message])))[0]))
  secrets.add(await speak(async message => {
    const text = await (await fetch(`${url}?${new URLSearchParams({ message: JSON.stringify(message), jsonp: secret('name').replace('-', '_') })}`, { headers })).text()
    return JSON.parse(text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')))[0]
  }))
  for (const clientId of [...app.realtime.sessions.keys()]) secrets.add(clientId)

  const publish = (body: string) => fetch(`${url}/publish?token=${secret('token')}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
  for (const channel of ['/heard', '/strict', '/service/it']) await publish(JSON.stringify({ channel, data, ext: { token: secret('token') } }))
  await publish(secret('garbage'))

  await post(`[{"channel":"/a","data":"${secret('garbage')}"`)
  await post(JSON.stringify([shake]), { authorization: `Bearer ${secret('header')}-wrong` })
  await post(`${secret('garbage')}`, { 'content-type': 'text/plain', ...headers })
  const refused = new WebSocket(wsUrl, { headers: { ...headers, origin: 'https://elsewhere.example' } }).on('error', () => {})
  await until(() => refused.readyState === WebSocket.CLOSED)
  for (const session of [...app.realtime.sessions.values()]) session.log.info('a word of the application')
  await until(() => service.sockets.length >= 4)
  for (const socket of service.sockets) socket.resetAndDestroy()
  await until(() => app.realtime.metrics().serviceConnections === 0)
  socket.send(secret('garbage'))
  await socket.waitClosed()
  await app.close()

  const lines = log().split('\n').filter(line => line !== '')
  t.ok(lines.length > 50, 'it is talkative')
  for (const said of ['the service broke', 'the service could not be reached', 'a message of the service could not be read', 'a listener failed', 'a call failed', 'the result of a call does not fit', 'a message could not be handled', 'an extension failed on the way out', 'a handshake was not authenticated', 'a word of the application']) {
    t.ok(lines.some(line => line.includes(said)), said)
  }
  for (const each of secrets) {
    t.ok(each.length > 8)
    for (const text of [each, each.replace('-', '_'), Buffer.from(each).toString('base64')]) t.strictSame(lines.filter(line => line.includes(text)).map(line => JSON.parse(line).msg), [], text)
  }
})

t.test('requests are logged as the host logs them, without their query', async t => {
  for (const [serializers, expected] of [
    [undefined, { method: 'GET', url: '/realtime', remoteAddress: '127.0.0.1' }],
    [{ req: (request: FastifyRequest) => ({ where: request.originalUrl, query: request.query, ip: request.ip, agent: request.headers['user-agent'] }) }, { where: '/realtime', query: {}, ip: '127.0.0.1', agent: 'test' }]
  ] as const) {
    const lines: any[] = []
    const stream = new Writable({ write (chunk, _encoding, done) { lines.push(JSON.parse(chunk)); done() } })
    const { origin } = await startGateway(t, {}, {
      fastify: { logger: { stream, ...(serializers !== undefined && { serializers }) } },
      before: app => { app.get('/host', async () => 'ok') }
    })
    await fetch(`${origin}/realtime?token=x`, { headers: { 'user-agent': 'test' } })
    await fetch(`${origin}/host?page=2`)
    const requests = lines.filter(({ req }) => req !== undefined).map(({ req }) => req)
    t.match(requests[0], expected)
    t.match(requests[1], serializers === undefined ? { url: '/host?page=2' } : { where: '/host?page=2', query: { page: '2' } }, 'the routes of the host are its own')
  }
})
