/** How the command ends, what it says in a terminal, and that it installs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { CLI, runProgram, startCli } from '../harness/cli-process.js'
import { findProgram } from '../harness/installed-server.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  t.test(`${signal}: a held poll is answered, a WebSocket closed, a service ended`, async t => {
    const service = await startTcpService(t, socket => socket.on('end', () => socket.end()))
    const cli = await startCli(t, ['--port', '0', '--log-level', 'debug', '--service', `it=tcp://127.0.0.1:${service.port}`])
    const poll = await new PollClient(cli.url).start()
    await poll.ask({ channel: '/meta/subscribe', subscription: '/service/it' })
    await service.socket(0)
    let answered = false
    const held = poll.connect().finally(() => { answered = true })
    const client = await SocketClient.connect(t, cli.wsUrl)
    t.match(await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/it' }), { successful: true })
    const sockets = await Promise.all([service.socket(0), service.socket(1)])
    // The poll was sent before the WebSocket spoke, so it is there by now.
    await until(() => cli.records.filter(({ req }) => (req as { method: string } | undefined)?.method === 'POST').length === 4)
    t.notOk(answered, 'the poll is held')
    cli.process.kill(signal)
    t.match((await held).at(-1), { channel: '/meta/connect', successful: true })
    t.match(await client.waitClosed(), { code: 1001 })
    t.same(await cli.exited, [0, null])
    await until(() => sockets.every(socket => socket.destroyed), 'the services are ended')
    t.equal(cli.stderr(), '')
    t.ok(cli.records.some(({ msg }) => msg === `${signal}: closing`))
  })
}

t.test('a second signal does not wait', async t => {
  const cli = await startCli(t, ['--port', '0'])
  // A WebSocket that does not answer its close frame holds the end for `drain`.
  const client = await SocketClient.connect(t, cli.wsUrl)
  client.ws.pause()
  cli.process.kill('SIGTERM')
  await until(() => cli.records.some(({ msg }) => msg === 'SIGTERM: closing'))
  // Within a moment it is the same key press twice, so it is sent until it counts.
  const again = setInterval(() => cli.process.kill('SIGTERM'), 50)
  t.after(() => clearInterval(again))
  t.same(await cli.exited, [143, null])
})

t.test('in a terminal the log is for people', async t => {
  const script = findProgram('script')
  if (script === null) return process.env.CI ? t.fail('script is missing: apt-get install bsdutils') : t.pass('a terminal', { skip: 'script is missing: apt-get install bsdutils' })
  const folder = mkdtempSync(join(tmpdir(), 'bayeux-cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  // It ends by a signal of its own, a moment after it listens.
  const preload = join(folder, 'preload.mjs')
  writeFileSync(preload, "import { Server } from 'node:net'\nconst { listen } = Server.prototype\nServer.prototype.listen = function (...all) { this.once('listening', () => setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50)); return listen.apply(this, all) }\n")
  const { code, stdout } = await runProgram(script, ['-qec', `'${process.execPath}' --import '${preload}' '${CLI}' --port 0 --service 'it=tcp://localhost:1?framing=lines'`, '/dev/null'])
  t.equal(code, 0)
  t.match(stdout.replaceAll('\r', ''), /^\d\d:\d\d:\d\d info {2}fastify-bayeux \S+ is at http:\/\/127\.0\.0\.1:\d+\/realtime\n\S+ info {2}\/service\/it: tcp localhost:1\n\S+ info {2}SIGTERM: closing\n$/)
})

t.test('npm pack, npm install and npx in an empty folder', { timeout: 300_000 }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'bayeux-cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const root = fileURLToPath(new URL('../..', import.meta.url))
  // dist is there already, and prepack would build it under the feet of other tests.
  const packed = await runProgram('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root })
  t.equal(packed.code, 0, packed.stderr)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const installed = await runProgram('npm', ['install', '--no-audit', '--no-fund', '--silent', join(folder, packed.stdout.trim())], { cwd: folder })
  t.equal(installed.code, 0, installed.stderr)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const npx = (...args: string[]) => runProgram('npx', ['--no-install', 'fastify-bayeux', ...args], { cwd: folder })
  t.equal((await npx('--version')).stdout, `${version}\n`)
  const { code, stdout } = await npx('--help')
  t.equal(code, 0)
  t.match(stdout, 'npx fastify-bayeux --service')
  t.match(await npx('--check', '--service', 'figures=monitoring:'), { code: 0, stdout: /^figures +monitoring +this gateway +ok +\d+$/m })

  // The peer that npm installs on its own may be missing where somebody told it not to.
  rmSync(join(folder, 'node_modules', 'fastify'), { recursive: true })
  t.match(await npx('--port', '0'), { code: 2, stderr: 'fastify-bayeux: The package fastify is missing: npm install fastify\n' })
  t.equal((await npx('--help')).code, 0, 'who asks for help gets it all the same')
})
