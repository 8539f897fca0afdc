/** The built-in connectors against real counterparts. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createNetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import t, { type Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { SocketClient } from '../harness/socket-client.js'
import { until, within } from '../harness/until.js'

const pem = (name: string) => readFileSync(new URL(`../certificates/${name}`, import.meta.url), 'utf8')

/** What every connector must do: both ways, half-close with last words, a reset, and an end by the client. */
async function converse (t: Test, services: NonNullable<RealtimeOptions['services']>, sockets: Socket[]) {
  const { wsUrl } = await startGateway(t, { services })
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  const subscribe = async (data?: string) => {
    t.match(await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/it', data }), { successful: true })
    const count = sockets.length
    await until(() => sockets.length >= count && sockets.at(-1)?.destroyed === false)
    return sockets.at(-1) as Socket
  }
  let received = ''
  const first = await subscribe('hello')
  first.on('data', data => { received += String(data) })
  await until(() => received === 'hello\n')
  first.write('wor')
  first.write('ld\nand')
  t.equal((await client.next('/service/it')).data, 'world')
  first.end(' more')
  t.equal((await client.next('/service/it')).data, 'and more')
  t.match(await client.next('/meta/unsubscribe'), { ext: { service: { reason: 'ended' } } })
  await within(once(first, 'close'), 'both halves end')

  const second = await subscribe('again')
  second.destroy()
  t.match(await client.next('/meta/unsubscribe'), { ext: { service: { state: 'ended' } } })

  const third = await subscribe()
  third.resume()
  const ended = once(third, 'end')
  await client.ask({ channel: '/meta/unsubscribe', clientId, subscription: '/service/it' })
  await within(ended, 'the end')
}

t.test('unix: a path, an abstract socket, and one that is not there', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'bayeux-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const names = process.platform === 'linux' ? [join(folder, 'it.sock'), `@bayeux-${process.pid}`] : [join(folder, 'it.sock')]
  for (const path of names) {
    const sockets: Socket[] = []
    const server = createNetServer({ allowHalfOpen: false }, socket => { sockets.push(socket.on('error', () => {})) })
    server.listen(path.replace(/^@/, '\0'))
    await once(server, 'listening')
    t.after(() => server.close())
    await converse(t, { it: { type: 'unix', path, framing: 'lines' } }, sockets)
  }
  const { wsUrl } = await startGateway(t, { services: { gone: { type: 'unix', path: join(folder, 'gone.sock') } } })
  const client = await SocketClient.connect(t, wsUrl)
  t.match(await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/gone' }), { successful: false, error: '502:/service/gone:Service failed' })
})

async function startTls (t: Test, options: TlsOptions = {}) {
  const sockets: Socket[] = []
  const server = createTlsServer({ cert: pem('service.pem'), key: pem('service.key'), ...options }, socket => { sockets.push(socket.on('error', () => {})) })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { sockets, port: (server.address() as { port: number }).port }
}

t.test('tls: authority, name, and a certificate of the client', async t => {
  const { sockets, port } = await startTls(t, { ca: pem('authority.pem'), requestCert: true, rejectUnauthorized: true })
  await converse(t, {
    it: { type: 'tls', domain: '127.0.0.1', port, servername: 'service.test', ca: pem('authority.pem'), cert: pem('client.pem'), key: pem('client.key'), framing: 'lines' }
  }, sockets)
})

t.test('tls: a certificate that does not convince is told, without detail', async t => {
  const { port } = await startTls(t)
  const plain = createNetServer(socket => socket.on('error', () => {}).end('no TLS here\n')).listen(0, '127.0.0.1')
  await once(plain, 'listening')
  t.after(() => plain.close())
  const base = { type: 'tls', domain: '127.0.0.1', port } as const
  const { wsUrl } = await startGateway(t, {
    services: {
      stranger: base,
      misnamed: { ...base, ca: pem('authority.pem'), servername: 'other.test' },
      careless: { ...base, rejectUnauthorized: false },
      plain: { ...base, port: (plain.address() as { port: number }).port }
    }
  })
  const client = await SocketClient.connect(t, wsUrl)
  const subscribe = (name: string) => client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: `/service/${name}` })
  for (const name of ['stranger', 'misnamed']) t.match(await subscribe(name), { successful: false, error: `502:/service/${name}:Certificate of the service refused` })
  t.match(await subscribe('plain'), { successful: false, error: '502:/service/plain:Service failed' })
  t.match(await subscribe('careless'), { successful: true })
})
