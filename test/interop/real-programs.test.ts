/** Small programs of Debian behind services, one kind of transport after the other. */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { freePort } from '../harness/free-port.js'
import { startGateway } from '../harness/gateway.js'
import { startInstalled, withProgram } from '../harness/installed-server.js'
import { startCaller, type ServiceCaller } from '../harness/service-caller.js'
import { until, within } from '../harness/until.js'

const certificate = (name: string) => fileURLToPath(new URL(`../certificates/${name}`, import.meta.url))
const pem = (name: string) => readFileSync(certificate(name), 'utf8')

type Services = NonNullable<RealtimeOptions['services']>

async function start (t: Test, services: Services): Promise<{ caller: ServiceCaller, closed: () => Promise<void> }> {
  const { url, app } = await startGateway(t, { services })
  const closed = () => until(() => app.realtime.metrics().serviceConnections === 0, 'nothing is open')
  return { caller: await startCaller(t, url, 'websocket'), closed }
}

/** Says something to a service that answers it, and leaves. */
async function echo (t: Test, service: Services[string], answer: (text: string) => string = text => text): Promise<void> {
  const { caller, closed } = await start(t, { it: service })
  t.match(await caller.subscribe('it', 'first'), { successful: true })
  t.equal((await caller.hear('/service/it')).data, answer('first'))
  for (const text of ['two words', 'grüße 漢', 'x'.repeat(2000)]) {
    t.match(await caller.publish('it', text), { successful: true })
    t.equal((await caller.hear('/service/it')).data, answer(text))
  }
  await caller.unsubscribe('it')
  await closed()
}

// Whoever cannot have a port is not the first.
async function isTaken (port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  const taken = new Promise<boolean>(resolve => socket.once('error', () => resolve(true)).once('listening', () => resolve(false)))
  socket.bind(port, '127.0.0.1')
  const answer = await taken
  socket.close()
  return answer
}

// As the kernel lists them, with @ for each NUL.
const abstractNames = () => readFileSync('/proc/net/unix', 'utf8')

// Node 20 fills abstract names up with NUL, and so finds only those who do the same.
async function padsAbstractNames (): Promise<boolean> {
  const name = `fastify-bayeux-length-${process.pid}`
  const server = createServer().listen(`\0${name}`)
  await once(server, 'listening')
  const padded = abstractNames().includes(`@${name}@`)
  server.close()
  return padded
}

const tls = { type: 'tls', domain: '127.0.0.1', servername: 'service.test', ca: pem('authority.pem'), framing: 'lines' } as const

withProgram(t, 'socat', 'socat', async (t, socat) => {
  const folder = mkdtempSync(join(tmpdir(), 'fastify-bayeux-socat-'))
  t.teardown(() => rmSync(folder, { recursive: true }))

  t.test('unix, a path and an abstract one', async t => {
    const path = join(folder, 'it.sock')
    await startInstalled(t, socat, () => [`UNIX-LISTEN:${path},fork`, 'EXEC:cat'], () => existsSync(path))
    await echo(t, { type: 'unix', path, framing: 'lines' })
    const name = `fastify-bayeux-${process.pid}`
    const padding = await padsAbstractNames() ? ',unix-tightsocklen=0' : ''
    await startInstalled(t, socat, () => [`ABSTRACT-LISTEN:${name},fork${padding}`, 'EXEC:cat'], () => abstractNames().includes(`@${name}`))
    await echo(t, { type: 'unix', path: `@${name}`, framing: 'lines' })
  })

  t.test('udp', async t => {
    const port = await startInstalled(t, socat, port => [`UDP4-RECVFROM:${port},bind=127.0.0.1,fork`, 'EXEC:cat'], isTaken)
    await echo(t, { type: 'udp', domain: '127.0.0.1', port })
  })

  t.test('tls, with a certificate of ours', async t => {
    const options = `cert=${certificate('service.pem')},key=${certificate('service.key')},cafile=${certificate('authority.pem')},verify=1`
    const port = await startInstalled(t, socat, port => [`OPENSSL-LISTEN:${port},bind=127.0.0.1,fork,${options}`, 'EXEC:cat'])
    await echo(t, { ...tls, port, cert: pem('client.pem'), key: pem('client.key') })
  })

  t.test('a process, which leads on to TCP', async t => {
    const port = await startInstalled(t, socat, port => [`TCP4-LISTEN:${port},bind=127.0.0.1,fork`, 'EXEC:cat'])
    await echo(t, { type: 'process', command: socat, args: ['STDIO', `TCP4:127.0.0.1:${port}`], framing: 'lines' })
    await echo(t, { type: 'tcp', domain: '127.0.0.1', port, framing: 'lines' })
  })
})

withProgram(t, 'openssl', 'openssl', async (t, openssl) => {
  // With -rev it says each line backwards, byte by byte.
  const backwards = (text: string) => Buffer.from([...Buffer.from(text)].reverse()).toString('utf8')
  const port = await startInstalled(t, openssl, port => ['s_server', '-accept', `127.0.0.1:${port}`, '-cert', certificate('service.pem'), '-key', certificate('service.key'), '-rev', '-quiet'])
  await echo(t, { ...tls, port }, backwards)
  const { caller } = await start(t, { it: { ...tls, port, servername: 'other.test' } })
  t.match(await caller.subscribe('it'), { successful: false, error: '502:/service/it:Certificate of the service refused' })
})

withProgram(t, 'logger', 'bsdutils', async (t, logger) => {
  const port = await freePort('udp')
  const { caller } = await start(t, { syslog: { type: 'udp', domain: '127.0.0.1', port, listen: true, shared: true } })
  await caller.subscribe('syslog')
  for (const text of ['it has begun', 'grüße 漢']) {
    const child = spawn(logger, ['-n', '127.0.0.1', '-P', String(port), '-d', '-t', 'tester', '-p', 'user.notice', text], { stdio: 'ignore' })
    t.strictSame((await within(once(child, 'exit'), 'logger ends'))[0], 0)
    const { data } = await caller.hear('/service/syslog')
    t.match(data, /^<13>1 /, 'RFC 5424: facility 1, severity 5')
    t.match(data, /tester/)
    t.ok(data.endsWith(text))
  }
})

withProgram(t, 'cat', 'coreutils', async (t, cat) => {
  await echo(t, { type: 'process', command: cat, framing: 'lines' })
})

withProgram(t, 'bc', 'bc', async (t, bc) => {
  const { caller, closed } = await start(t, { bc: { type: 'process', command: bc, args: ['-q'], framing: 'lines' } })
  await caller.subscribe('bc', '6 * 7')
  t.equal((await caller.hear('/service/bc')).data, '42')
  await caller.publish('bc', '2 ^ 64')
  t.equal((await caller.hear('/service/bc')).data, '18446744073709551616')
  await caller.publish('bc', 'quit')
  t.match((await caller.hear('/meta/unsubscribe')).ext.service, { reason: 'ended' })
  await closed()
})

withProgram(t, 'vmstat', 'procps', async (t, vmstat) => {
  const { caller, closed } = await start(t, { vmstat: { type: 'process', command: vmstat, args: ['-n', '1'], framing: 'lines' } })
  await caller.subscribe('vmstat')
  await caller.hear('/service/vmstat', ({ data }) => /^ *r +b +swpd/.test(data))
  for (let line = 0; line < 2; line++) t.match((await caller.hear('/service/vmstat')).data, /^ *\d+ +\d+ +\d+/)
  await caller.unsubscribe('vmstat')
  await closed()
})
