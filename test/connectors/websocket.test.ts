/** WebSockets of other servers: what is asked of them, what they say, and how they end. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { startCaller } from '../harness/service-caller.js'
import { until, within } from '../harness/until.js'

const pem = (name: string) => readFileSync(new URL(`../certificates/${name}`, import.meta.url), 'utf8')

/** A WebSocket server on a free port. */
async function serve (t: Test, options: ServerOptions = {}, onSocket: (ws: WebSocket, request: IncomingMessage) => void = () => {}) {
  const server = new WebSocketServer(options.server === undefined ? { port: 0, host: '127.0.0.1', ...options } : options)
  const sockets: WebSocket[] = []
  server.on('connection', (ws, request) => {
    sockets.push(ws.on('error', () => {}))
    onSocket(ws, request)
  })
  if (options.server === undefined) await once(server, 'listening')
  t.after(() => {
    for (const ws of server.clients) ws.terminate()
    server.close()
  })
  return { url: options.server === undefined ? `ws://127.0.0.1:${(server.address() as AddressInfo).port}` : '', sockets }
}

async function start (t: Test, url: string, more: object = {}, options: RealtimeOptions = {}) {
  const gateway = await startGateway(t, { services: { it: { type: 'websocket', url, ...more } }, ...options })
  const caller = await startCaller(t, gateway.url, 'websocket')
  const hear = async () => (await caller.hear('/service/it')).data
  const hearEnd = async () => (await caller.hear('/meta/unsubscribe')).ext.service
  return { ...gateway, caller, hear, hearEnd }
}

t.test('sub-protocol and headers are asked for', async t => {
  const requests: IncomingMessage[] = []
  const { url, sockets } = await serve(t, { handleProtocols: () => 'chat.v2' }, (_ws, request) => requests.push(request))
  const { caller } = await start(t, url + '/feed?x=1', { protocols: ['chat.v1', 'chat.v2'], headers: { authorization: 'Bearer secret' } })
  t.match(await caller.subscribe('it'), { successful: true })
  t.equal(sockets[0]?.protocol, 'chat.v2')
  t.equal(requests[0]?.url, '/feed?x=1')
  t.match(requests[0]?.headers, { authorization: 'Bearer secret', 'sec-websocket-protocol': 'chat.v1,chat.v2' })
})

t.test('who refuses the upgrade, or speaks no WebSocket, is told as 502', async t => {
  const refusing = await serve(t, { verifyClient: (_info, done) => done(false, 401, 'who are you') })
  const plain = createServer(socket => socket.on('error', () => {}).end('220 mail here\r\n')).listen(0, '127.0.0.1')
  await once(plain, 'listening')
  t.teardown(() => plain.close())
  for (const url of [refusing.url, `ws://127.0.0.1:${(plain.address() as AddressInfo).port}`]) {
    const { caller } = await start(t, url)
    t.match(await caller.subscribe('it'), { successful: false, error: '502:/service/it:Service failed' })
  }
})

t.test('text and binary, both ways', async t => {
  const heard: [string, boolean][] = []
  const { url, sockets } = await serve(t, {}, ws => ws.on('message', (data, binary) => heard.push([String(data), binary])))
  const text = await start(t, url)
  await text.caller.subscribe('it', 'é')
  sockets[0]?.send('ü')
  sockets[0]?.send(Buffer.from('ä'))
  t.equal(await text.hear(), 'ü')
  t.equal(await text.hear(), 'ä')
  const values = await start(t, url, { encoding: 'json' })
  await values.caller.subscribe('it', { n: [1] })
  sockets[1]?.send('{"m":null}')
  t.strictSame(await values.hear(), { m: null })
  const bytes = await start(t, url, { encoding: 'base64' })
  await bytes.caller.subscribe('it', 'Ynl0ZXM=')
  sockets[2]?.send(Buffer.of(0, 255))
  t.equal(await bytes.hear(), 'AP8=')
  await until(() => heard.length === 3)
  t.strictSame(heard, [['é', false], ['{"n":[1]}', false], ['bytes', true]])
})

t.test('a message that comes together with the answer to the upgrade is not lost', async t => {
  const server = createServer(socket => {
    socket.on('error', () => {}).once('data', request => {
      const key = /sec-websocket-key: (.*)\r/i.exec(String(request))?.[1]
      // RFC 6455, section 1.3.
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
      socket.write(Buffer.concat([Buffer.from(head), Buffer.from([0x81, 5]), Buffer.from('hello'), Buffer.from([0x88, 2, 3, 232])]))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { caller, hear, hearEnd } = await start(t, `ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.match(await caller.subscribe('it'), { successful: true })
  t.equal(await hear(), 'hello')
  t.strictSame(await hearEnd(), { state: 'ended', reason: 'ended' })
})

t.test('close codes are told', async t => {
  const { url, sockets } = await serve(t)
  const { caller, hearEnd } = await start(t, url)
  for (const code of [1000, 1001, undefined]) {
    await caller.subscribe('it')
    sockets.at(-1)?.close(code)
    t.strictSame(await hearEnd(), { state: 'ended', reason: 'ended' })
  }
  for (const [code, ended] of [[1011, '1011'], [4000, '4000'], [null, '1006']] as const) {
    await caller.subscribe('it')
    if (code === null) sockets.at(-1)?.terminate()
    else sockets.at(-1)?.close(code, 'secret reason')
    t.strictSame(await hearEnd(), { state: 'ended', reason: 'broken', error: `502:/service/it:Service closed its WebSocket with ${ended}` })
  }
})

t.test('unsubscribe says goodbye with 1000', async t => {
  const closed: number[] = []
  const { url } = await serve(t, {}, ws => ws.on('close', code => closed.push(code)))
  const { caller } = await start(t, url)
  await caller.subscribe('it')
  await caller.unsubscribe('it')
  await until(() => closed.length > 0)
  t.strictSame(closed, [1000])
})

t.test('what came before a message that is too long, or a frame that is none, waits for a slow client', async t => {
  const wires: Socket[] = []
  const { url, sockets } = await serve(t, {}, (_ws, request) => wires.push(request.socket))
  const { url: gateway, app } = await start(t, url, {}, { maxInterval: 60_000, limits: { serviceMessage: 20_000, clientWaiting: 65_536 } })
  const cases = [
    [() => sockets.at(-1)?.send('x'.repeat(20_001)), /^413:/],
    [() => wires.at(-1)?.write(Buffer.from([0xff, 0xff])), /^502:/]
  ] as const
  for (const [ruin, told] of cases) {
    const client = await new PollClient(gateway).start()
    await client.ask({ channel: '/meta/subscribe', subscription: '/service/it' })
    for (let n = 0; n < 100; n++) sockets.at(-1)?.send(`${n} ${'x'.repeat(1000)}`)
    await until(() => app.realtime.metrics().clientPauses > 0, 'the client is slow')
    ruin()
    const heard: number[] = []
    let end
    while (end === undefined) {
      for (const { channel, data, ext } of await client.connect()) {
        if (channel === '/service/it') heard.push(Number.parseInt(data, 10))
        else if (channel === '/meta/unsubscribe') end = ext.service
      }
    }
    t.strictSame(heard, Array.from({ length: 100 }, (_each, n) => n))
    t.match(end, { error: told })
    await until(() => app.realtime.metrics().serviceConnections === 0, 'it is closed')
    await client.ask({ channel: '/meta/disconnect' })
  }
})

t.test('a server that is silent is asked whether it lives, and cut where it does not answer', async t => {
  const limits = { websocketSilence: 50, websocketPong: 50 }
  let pings = 0
  const living = await serve(t, {}, ws => ws.on('ping', () => { pings++ }))
  const patient = await start(t, living.url, {}, { limits })
  await patient.caller.subscribe('it')
  await until(() => pings >= 3)
  living.sockets[0]?.send('still here')
  t.equal(await patient.hear(), 'still here')

  const dead = await serve(t, { autoPong: false })
  const { caller, hearEnd } = await start(t, dead.url, {}, { limits })
  await caller.subscribe('it')
  const closed = once((dead.sockets[0] as WebSocket), 'close')
  t.strictSame(await hearEnd(), { state: 'ended', reason: 'broken', error: '502:/service/it:Service fell silent' })
  await within(closed, 'it is cut')
})

t.test('a server is not asked while a slow client keeps us from hearing it', async t => {
  const { url, sockets } = await serve(t, { autoPong: false })
  let pings = 0
  const { url: gateway, app } = await start(t, url, {}, { maxInterval: 60_000, limits: { websocketSilence: 30, websocketPong: 30, clientWaiting: 65_536 } })
  const client = await new PollClient(gateway).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/service/it' })
  sockets[0]?.on('ping', () => { pings++ })
  for (let n = 0; n < 1000; n++) sockets[0]?.send(`${n} ${'x'.repeat(10_000)}`)
  await until(() => app.realtime.metrics().clientPauses > 0, 'the client is slow')
  const seen = pings
  await new Promise(resolve => setTimeout(resolve, 200))
  t.equal(pings, seen)
  t.equal(app.realtime.metrics().serviceConnections, 1)
  const heard: number[] = []
  while (heard.length < 1000) {
    for (const { channel, data, ext } of await client.connect()) {
      if (channel === '/service/it') heard.push(Number.parseInt(data, 10))
      else if (channel === '/meta/unsubscribe') throw new Error(`it ended: ${ext.service.error}`)
    }
  }
  t.ok(heard.every((n, index) => n === index))
})

t.test('over TLS: authority, name, a certificate of ours, and one of theirs that does not convince', async t => {
  const https = createHttpsServer({ cert: pem('service.pem'), key: pem('service.key'), ca: pem('authority.pem'), requestCert: true, rejectUnauthorized: true })
  https.on('tlsClientError', () => {}).listen(0, '127.0.0.1')
  await once(https, 'listening')
  t.teardown(() => https.close())
  await serve(t, { server: https }, ws => ws.send('hello'))
  const url = `wss://127.0.0.1:${(https.address() as AddressInfo).port}`
  const good = { ca: pem('authority.pem'), servername: 'service.test', cert: pem('client.pem'), key: pem('client.key') }
  const { caller, hear } = await start(t, url, good)
  t.match(await caller.subscribe('it'), { successful: true })
  t.equal(await hear(), 'hello')
  for (const bad of [{ ...good, ca: undefined }, { ...good, servername: 'other.test' }]) {
    const { caller } = await start(t, url, JSON.parse(JSON.stringify(bad)))
    t.match(await caller.subscribe('it'), { successful: false, error: '502:/service/it:Certificate of the service refused' })
  }
})
