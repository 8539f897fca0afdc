/** `--service NAME=URL`: each kind of URL, with a client on one side and a real counterpart on the other. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createNetServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { startCli } from '../harness/cli-process.js'
import { findProgram, startInstalled } from '../harness/installed-server.js'
import { startCaller } from '../harness/service-caller.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

const certificate = (name: string) => fileURLToPath(new URL(`../certificates/${name}`, import.meta.url))

const echo = (socket: Socket) => { socket.on('error', () => {}).pipe(socket) }

/** A gateway with one service, `it`, and somebody who subscribed to it. */
async function subscribeTo (t: Test, url: string, data?: unknown, transport: 'websocket' | 'long-polling' = 'websocket') {
  const cli = await startCli(t, ['--port', '0', '--service', `it=${url}`])
  const caller = await startCaller(t, cli.url, transport)
  const reply = await caller.subscribe('it', data)
  t.match(reply, { successful: true }, url)
  return { cli, reply, say: (data: unknown) => caller.publish('it', data), hear: async () => (await caller.hear('/service/it')).data, caller }
}

t.test('tcp, over both transports', async t => {
  const { port } = await startTcpService(t, echo)
  for (const transport of ['websocket', 'long-polling'] as const) {
    const { say, hear } = await subscribeTo(t, `tcp://localhost:${port}?framing=lines&encoding=json`, 1, transport)
    t.equal(await hear(), 1)
    await say({ a: ['line', '\n'] })
    t.same(await hear(), { a: ['line', '\n'] })
  }
})

t.test('tcp: framings with details, and fields behind #', async t => {
  const { port } = await startTcpService(t, socket => {
    socket.on('data', data => socket.write(data.toString('hex') + '\0'))
  })
  const { hear } = await subscribeTo(t, `tcp://127.0.0.1:${port}/#framing=delimiter&delimiter=%00`, 'ab')
  t.equal(await hear(), '616200')
  const prefixed = await startTcpService(t, echo)
  const it = await subscribeTo(t, `tcp://127.0.0.1:${prefixed.port}?framing=length-prefixed&bytes=2&endian=little&inclusive=1`, 'ab')
  t.equal(await it.hear(), 'ab')
  t.equal(prefixed.received[0], '\x04\0ab')
})

t.test('tcp: shared, with hello and a snapshot', async t => {
  const service = await startTcpService(t)
  const first = await subscribeTo(t, `tcp://127.0.0.1:${service.port}?framing=lines&shared=1&snapshot=2&hello=MONITOR&hello=two+words&linger=0`)
  const socket = await service.socket(0)
  await until(() => service.received[0] === 'MONITOR\ntwo words\n', 'both are said')
  socket.write('a\nb\nc\n')
  for (const line of ['a', 'b', 'c']) t.equal(await first.hear(), line)
  t.match(await first.say('x'), { error: /^405:/ }, 'read-only')
  const second = await startCaller(t, first.cli.url, 'websocket')
  await second.subscribe('it')
  t.equal((await second.hear('/service/it')).data, 'b')
  t.equal((await second.hear('/service/it')).data, 'c')
  t.equal(service.sockets.length, 1)
})

t.test('tls: authority, name and certificate of the client are files', async t => {
  const pem = (name: string) => readFileSync(certificate(name))
  const server = createTlsServer({ cert: pem('service.pem'), key: pem('service.key'), ca: pem('authority.pem'), requestCert: true }, echo).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const { hear } = await subscribeTo(t, `tls://127.0.0.1:${port}?framing=lines&servername=service.test&ca=${certificate('authority.pem')}&cert=${certificate('client.pem')}&key=${certificate('client.key')}`, 'secret')
  t.equal(await hear(), 'secret')
})

t.test('udp: both ways, and listening', async t => {
  const peer = createSocket('udp4').on('message', (message, { port }) => peer.send(`got ${message}`, port)).bind(0, '127.0.0.1')
  await once(peer, 'listening')
  t.after(() => peer.close())
  const { hear, cli } = await subscribeTo(t, `udp://127.0.0.1:${peer.address().port}`, 'a datagram')
  t.equal(await hear(), 'got a datagram')
  cli.process.kill()

  // The port of a socket that is closed is free again.
  const free = createSocket('udp4').bind(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address()
  free.close()
  const listening = await subscribeTo(t, `udp://127.0.0.1:${port}?listen=1&shared=1`)
  peer.send('from anybody', port, '127.0.0.1')
  t.equal(await listening.hear(), 'from anybody')
})

t.test('unix: a path, and an abstract socket', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'bayeux cli '))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'what?.sock')
  const urls: [url: string, path: string][] = [[`unix:${encodeURI(path).replace('?', '%3F')}?framing=lines`, path], [`unix://${encodeURI(folder)}/plain.sock?framing=lines`, join(folder, 'plain.sock')]]
  if (process.platform === 'linux') urls.push([`unix:@bayeux-cli-${process.pid}?framing=lines`, `\0bayeux-cli-${process.pid}`])
  for (const [url, path] of urls) {
    const server = createNetServer(echo).listen(path)
    await once(server, 'listening')
    t.after(() => server.close())
    const { hear } = await subscribeTo(t, url, 'hello')
    t.equal(await hear(), 'hello')
  }
})

t.test('ws: the query is the server\'s, fields are behind #', async t => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: protocols => [...protocols].at(-1) ?? false })
  await once(server, 'listening')
  t.after(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', (socket, request) => {
    socket.send(JSON.stringify([request.url, socket.protocol, request.headers['x-who']]))
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  const { port } = server.address() as AddressInfo
  const { hear, say, cli } = await subscribeTo(t, `ws://127.0.0.1:${port}/feed?framing=42&token=secret#encoding=json&protocols=one&protocols=two&headers.x-who=Ada+L.`)
  t.same(await hear(), ['/feed?framing=42&token=secret', 'two', 'Ada L.'])
  await say({ n: 1 })
  t.same(await hear(), { n: 1 })
  t.notMatch(JSON.stringify(cli.records), /secret/, 'a token stays out of the log')
})

t.test('exec: words, quotes, folder and environment; nothing is for a shell', async t => {
  const program = 'console.log(JSON.stringify([process.argv.slice(1), process.cwd(), process.env.WHO])); process.stdin.on("data", d => console.log(JSON.stringify(String(d))))'
  const folder = mkdtempSync(join(tmpdir(), 'bayeux-cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const command = `'${process.execPath}' -e '${program}' -- one "two \\"words\\"" $HOME * a\\ b '' ; 'w?at'`
  const { hear, say, cli } = await subscribeTo(t, `exec:${command}?framing=lines&encoding=json&cwd=${encodeURIComponent(folder)}&env.WHO=ada%20l`)
  t.same(await hear(), [['one', 'two "words"', '$HOME', '*', 'a b', '', ';', 'w?at'], folder, 'ada l'])
  await say('in')
  t.equal(await hear(), '"in"\n')
  cli.process.kill('SIGTERM')
  t.same(await cli.exited, [0, null], 'the process goes with the gateway')
})

t.test('monitoring', async t => {
  const { hear, cli } = await subscribeTo(t, 'monitoring:?interval=10')
  t.match(await hear(), { pid: cli.process.pid, gateway: { links: Number } })
})

t.test('redis, as people have it', async t => {
  const program = findProgram('redis-server')
  if (program === null) return process.env.CI ? t.fail('redis-server is missing: apt-get install redis-server') : t.pass('redis', { skip: 'redis-server is missing: apt-get install redis-server' })
  const folder = mkdtempSync(join(tmpdir(), 'bayeux-cli-redis-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const port = await startInstalled(t, program, port => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder])
  const { url } = await startCli(t, ['--port', '0', '--service', `redis=tcp://localhost:${port}?framing=lines`, '--service', `monitor=tcp://localhost:${port}?framing=lines&shared=1&hello=MONITOR`])
  const watcher = await startCaller(t, url, 'websocket')
  await watcher.subscribe('monitor')
  t.equal((await watcher.hear('/service/monitor')).data, '+OK')
  const writer = await startCaller(t, url, 'websocket')
  await writer.subscribe('redis', 'SET who ada')
  t.equal((await writer.hear('/service/redis')).data, '+OK')
  t.match((await watcher.hear('/service/monitor', ({ data }) => data.includes('SET'))).data, /"SET" "who" "ada"/)
})

t.test('the log says where each service is', async t => {
  const services = ['a=tcp://[::1]:1', 'b=unix:/run/b.sock', 'c=wss://user:word@example.com/x?key=secret#shared=1', "d=exec:grep 'two words' x", 'e=tls://example.com:443', 'f=monitoring:']
  const { records } = await startCli(t, ['--port', '0', ...services.flatMap(each => ['--service', each])])
  await until(() => records.length > services.length)
  t.same(records.slice(1).map(({ msg }) => msg), ['tcp [::1]:1', 'unix /run/b.sock', 'websocket wss://example.com/x', 'process grep "two words" x', 'tls example.com:443', 'monitoring this gateway'])
})
