/** What is peculiar to tls and udp: certificates and names, datagrams and who sent them. */
import { createSocket, type Socket } from 'node:dgram'

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createNetServer, type AddressInfo } from 'node:net'
import { createSecureContext, createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import t, { type Test } from 'tap'
import { freePort } from '../harness/free-port.js'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { startCaller } from '../harness/service-caller.js'
import { until } from '../harness/until.js'

const pem = (name: string) => readFileSync(new URL(`../certificates/${name}`, import.meta.url), 'utf8')

async function start (t: Test, service: object, options: RealtimeOptions = {}) {
  const gateway = await startGateway(t, { services: { it: service as never }, ...options })
  const caller = await startCaller(t, gateway.url, 'websocket')
  const hear = async () => (await caller.hear('/service/it')).data
  const hearEnd = async () => (await caller.hear('/meta/unsubscribe')).ext.service
  return { ...gateway, caller, hear, hearEnd, figures: () => gateway.app.realtime.metrics().services.it }
}

async function startTls (t: Test, options: TlsOptions = {}) {
  const sockets: TLSSocket[] = []
  const server = createTlsServer({ cert: pem('service.pem'), key: pem('service.key'), ...options }, socket => { sockets.push(socket.on('error', () => {})) })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { sockets, port: (server.address() as AddressInfo).port }
}

const authority = pem('authority.pem')
const client = { cert: pem('client.pem'), key: pem('client.key') }

t.test('tls: a certificate of ours, and the name that is asked for', async t => {
  const names: string[] = []
  const { sockets, port } = await startTls(t, {
    ca: authority,
    requestCert: true,
    rejectUnauthorized: true,
    SNICallback (name, done) {
      names.push(name)
      done(null, createSecureContext({ cert: pem('service.pem'), key: pem('service.key'), ca: authority }))
    }
  })
  const service = { type: 'tls', domain: '127.0.0.1', port, servername: 'service.test', ca: authority, framing: 'lines' }
  const { caller, hear } = await start(t, { ...service, ...client })
  t.match(await caller.subscribe('it'), { successful: true })
  await until(() => sockets.length === 1)
  t.strictSame(names, ['service.test'])
  t.match(sockets[0]?.getPeerCertificate().subject, { CN: 'client' })
  sockets[0]?.write('welcome\n')
  t.equal(await hear(), 'welcome')

  // With TLS 1.3 a server looks at our certificate after we believe to be connected.
  const stranger = await start(t, service)
  const { successful } = await stranger.caller.subscribe('it')
  if (successful) t.match(await stranger.hearEnd(), { reason: 'broken', error: /^502:/ })
  t.equal(sockets.length, 1)
})

t.test('tls: a certificate that does not convince is told, without detail', async t => {
  const { port } = await startTls(t)
  const plain = createNetServer(socket => socket.on('error', () => {}).end('no TLS here\n')).listen(0, '127.0.0.1')
  await once(plain, 'listening')
  t.after(() => plain.close())
  const base = { type: 'tls', domain: '127.0.0.1', port }
  const certificate = '502:/service/it:Certificate of the service refused'
  const cases: [object, object][] = [
    [base, { successful: false, error: certificate }],
    [{ ...base, ca: authority }, { successful: false, error: certificate }],
    [{ ...base, ca: authority, servername: 'other.test' }, { successful: false, error: certificate }],
    [{ ...base, port: (plain.address() as AddressInfo).port }, { successful: false, error: '502:/service/it:Service failed' }],
    [{ ...base, rejectUnauthorized: false }, { successful: true }]
  ]
  for (const [service, reply] of cases) {
    const { caller } = await start(t, service)
    t.match(await caller.subscribe('it'), reply)
  }
})

/** A UDP socket on a free port of this machine, and what it hears. */
async function startUdp (t: Test): Promise<{ socket: Socket, port: number, heard: string[], from: () => number }> {
  const socket = createSocket('udp4')
  const heard: string[] = []
  let last = 0
  socket.on('message', (message, { port }) => {
    heard.push(String(message))
    last = port
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  let closed = false
  socket.once('close', () => { closed = true })
  t.after(() => { if (!closed) socket.close() })
  return { socket, port: socket.address().port, heard, from: () => last }
}

const send = (socket: Socket, text: string, port: number) => new Promise(resolve => socket.send(text, port, '127.0.0.1', resolve))

t.test('udp: nobody but the other side is heard', async t => {
  const service = await startUdp(t)
  const stranger = await startUdp(t)
  const { caller, hear } = await start(t, { type: 'udp', domain: '127.0.0.1', port: service.port })
  await caller.subscribe('it', 'hello')
  await until(() => service.heard.length === 1)
  await send(stranger.socket, 'I am the service, too', service.from())
  await send(service.socket, 'it is me', service.from())
  t.equal(await hear(), 'it is me')
})

t.test('udp: with listen everybody is heard, and who spoke last is answered', async t => {
  const [ada, bob] = [await startUdp(t), await startUdp(t)]
  const port = await freePort('udp')
  const { caller, hear, figures } = await start(t, { type: 'udp', domain: '127.0.0.1', port, listen: true, shared: true, writable: true })
  await caller.subscribe('it')
  t.match(await caller.publish('it', 'to nobody yet'), { successful: true })
  await until(() => figures()?.dropped === 1)
  for (const [someone, name] of [[ada, 'ada'], [bob, 'bob'], [ada, 'ada again']] as const) {
    await send(someone.socket, name, port)
    t.equal(await hear(), name)
    await caller.publish('it', `hello ${name}`)
    await until(() => someone.heard.at(-1) === `hello ${name}`)
  }
  t.strictSame(bob.heard, ['hello bob'])
  ada.socket.close()
  await caller.publish('it', 'nobody is there')
  await send(bob.socket, 'still here', port)
  t.equal(await hear(), 'still here')
  const other = await start(t, { type: 'udp', domain: '127.0.0.1', port, listen: true, shared: true })
  t.match(await other.caller.subscribe('it'), { successful: false, error: '502:/service/it:Service failed' }, 'only one can listen')
})

t.test('udp: localhost is where IPv4 services are', async t => {
  const service = await startUdp(t)
  const { caller, hear } = await start(t, { type: 'udp', port: service.port })
  await caller.subscribe('it', 'hello')
  await until(() => service.heard.length === 1)
  await send(service.socket, 'welcome', service.from())
  t.equal(await hear(), 'welcome')
})

t.test('udp: what is too long for a datagram is refused, an empty one is a message', async t => {
  const service = await startUdp(t)
  const { caller, hear } = await start(t, { type: 'udp', domain: '127.0.0.1', port: service.port })
  await caller.subscribe('it', 'hello')
  t.match(await caller.publish('it', 'x'.repeat(65_508)), { successful: false, error: '413:/service/it:Data is longer than the service can take' })
  t.match(await caller.publish('it', 'x'.repeat(65_507)), { successful: true })
  await until(() => service.heard.length === 2)
  t.equal(service.heard[1]?.length, 65_507)
  await send(service.socket, '', service.from())
  t.equal(await hear(), '')
})

t.test('udp: that nobody is there any more is told, after what was said', async t => {
  const service = await startUdp(t)
  const { caller, hear, hearEnd, app } = await start(t, { type: 'udp', domain: '127.0.0.1', port: service.port })
  await caller.subscribe('it', 'hello')
  await until(() => service.heard.length === 1)
  await send(service.socket, 'last words', service.from())
  service.socket.close()
  t.equal(await hear(), 'last words')
  await caller.publish('it', 'are you there?')
  t.match(await hearEnd(), { reason: 'broken', error: '502:/service/it:Service broke' })
  await until(() => app.realtime.metrics().serviceConnections === 0)
})
