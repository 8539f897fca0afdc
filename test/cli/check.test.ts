/** `--check`: every service is tried once, and the exit code says whether all could be reached. */
import { createServer as createHttpServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { runCli } from '../harness/cli-process.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

const services = (...urls: string[]) => urls.flatMap(url => ['--service', url])

/** The cells of the table, without the milliseconds, which are a whole number. */
function cellsOf (table: string): string[][] {
  const [head = [], ...rows] = table.trimEnd().split('\n').map(line => line.split(/ {2,}/))
  if (head.join() !== 'NAME,TYPE,TARGET,RESULT,MS') throw new Error(`unexpected head: ${head}`)
  return rows.map(cells => {
    if (!/^\d+$/.test(cells.at(-1) ?? '')) throw new Error(`no milliseconds: ${cells}`)
    return cells.slice(0, -1)
  })
}

/** A WebSocket server that answers nobody before two have asked. */
async function startPatientServer (t: Test): Promise<number> {
  const waiting: (() => void)[] = []
  const sockets = new WebSocketServer({ noServer: true })
  const server = createHttpServer().on('upgrade', (request, socket, head) => {
    waiting.push(() => sockets.handleUpgrade(request, socket, head, () => {}))
    if (waiting.length === 2) for (const answer of waiting) answer()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

t.test('all fine: 0; they are tried at the same time, and told nothing', async t => {
  const service = await startTcpService(t, socket => socket.end('welcome\n'))
  const patient = await startPatientServer(t)
  const { code, stdout, stderr } = await runCli(['--check', ...services(
    `one=ws://127.0.0.1:${patient}`, `two=ws://127.0.0.1:${patient}`, `tcp=tcp://localhost:${service.port}?framing=lines&shared=1&hello=MONITOR`, 'udp=udp://127.0.0.1:9', `exec=exec:'${process.execPath}' -e ''`, 'monitoring=monitoring:')])
  t.equal(stderr, '')
  t.equal(code, 0)
  t.same(cellsOf(stdout), [
    ['one', 'websocket', `ws://127.0.0.1:${patient}/`, 'ok'],
    ['two', 'websocket', `ws://127.0.0.1:${patient}/`, 'ok'],
    ['tcp', 'tcp', `localhost:${service.port}`, 'ok'],
    ['udp', 'udp', '127.0.0.1:9', 'ok, as far as UDP can tell'],
    ['exec', 'process', `${process.execPath} -e ""`, 'ok'],
    ['monitoring', 'monitoring', 'this gateway', 'ok']
  ])
  await until(() => service.sockets[0]?.destroyed)
  t.same(service.received, [''])
})

t.test('some are dead: 1, each with its reason', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'bayeux-cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const good = await startTcpService(t)
  // It takes connections, and never finishes a TLS handshake or answers an upgrade.
  const silent = await startTcpService(t)
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  await once(closed, 'close')
  const config = join(folder, 'realtime.yml')
  writeFileSync(config, `services:\n  good: { port: ${good.port}, domain: 127.0.0.1 }\n  second: { targets: [{ port: ${port} }, { port: ${good.port} }], domain: 127.0.0.1 }\n`)
  const { code, stdout, stderr } = await runCli(['--check', '--log-level', 'silent', '--config', config, ...services(
    `refused=tcp://127.0.0.1:${port}`, `unix=unix:${folder}/none.sock`, 'exec=exec:no-such-program', `tls=tls://127.0.0.1:${silent.port}?connectTimeout=300`,
    `ws=ws://127.0.0.1:${silent.port}/a?token=secret#connectTimeout=300`)])
  t.equal(stderr, '')
  t.equal(code, 1)
  t.same(cellsOf(stdout), [
    ['good', 'tcp', `127.0.0.1:${good.port}`, 'ok'],
    ['second', 'tcp', `127.0.0.1:${port}, 127.0.0.1:${good.port}`, 'ok'],
    ['refused', 'tcp', `127.0.0.1:${port}`, `connect ECONNREFUSED 127.0.0.1:${port}`],
    ['unix', 'unix', `${folder}/none.sock`, `connect ENOENT ${folder}/none.sock`],
    ['exec', 'process', 'no-such-program', 'spawn no-such-program ENOENT'],
    ['tls', 'tls', `127.0.0.1:${silent.port}`, 'not connected within 300 ms'],
    ['ws', 'websocket', `ws://127.0.0.1:${silent.port}/a`, 'not connected within 300 ms']
  ])
})

t.test('no services: 0; a wrong configuration: 2', async t => {
  t.same(await runCli(['--check']), { code: 0, stdout: 'no services\n', stderr: '' })
  t.match(await runCli(['--check', ...services('a=tcp://localhost:0')]), { code: 2, stdout: '', stderr: /^fastify-bayeux: services\.a\.port: / })
})
