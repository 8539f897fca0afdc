/** Processes behind a service: how they end, what they leave behind, and what they cannot be talked into. */
import { Writable } from 'node:stream'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { resources, untilBackTo } from '../conformance/conversation.js'
import { startGateway, type GatewaySettings } from '../harness/gateway.js'
import { lives } from '../harness/living.js'
import { startMeasuredGateway } from '../harness/measured-gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { startCaller } from '../harness/service-caller.js'
import { until } from '../harness/until.js'

/** A gateway with one service `it`: a command line that speaks in lines. */
async function start (t: Test, command: string, args: string[] = [], more: object = {}, settings: GatewaySettings = {}, limits: object = {}) {
  const gateway = await startGateway(t, { maxInterval: 60_000, limits, services: { it: { type: 'process', command, args, framing: 'lines', ...more } } }, settings)
  const caller = await startCaller(t, gateway.url, 'websocket')
  const before = resources()
  const hear = async () => (await caller.hear('/service/it')).data
  const hearEnd = async () => (await caller.hear('/meta/unsubscribe')).ext.service
  return { ...gateway, before, caller, hear, hearEnd }
}

const shell = (script: string): [string, string[]] => ['/bin/sh', ['-c', script]]
const node = (script: string): [string, string[]] => [process.execPath, ['-e', script]]

t.test('how it ended is told, after its last words', async t => {
  const cases = [
    ['printf "one\\ntwo"; exit 7', 'Process ended with code 7'],
    ['printf "one\\ntwo"; kill -KILL $$', 'Process was ended by SIGKILL']
  ] as const
  for (const [script, told] of cases) {
    const { caller, before, hear, hearEnd } = await start(t, ...shell(script))
    await caller.subscribe('it')
    t.equal(await hear(), 'one')
    t.equal(await hear(), 'two')
    t.strictSame(await hearEnd(), { state: 'ended', reason: 'broken', error: `502:/service/it:${told}` })
    await untilBackTo(before)
  }
  const { caller, hearEnd } = await start(t, ...shell('exit 0'))
  await caller.subscribe('it')
  t.strictSame(await hearEnd(), { state: 'ended', reason: 'ended' })
})

t.test('what it said before it failed waits for a slow client', async t => {
  const { url, app } = await start(t, ...node('let all = ""; for (let n = 0; n < 1000; n++) all += n + " " + "x".repeat(200) + "\\n"; process.stdout.write(all); process.exitCode = 3'), {}, {}, { clientWaiting: 65_536 })
  const client = await new PollClient(url).start()
  const before = resources()
  await client.ask({ channel: '/meta/subscribe', subscription: '/service/it' })
  await until(() => app.realtime.metrics().clientPauses > 0, 'the client is slow')
  await until(() => resources().processes <= before.processes, 'it has ended')
  // Longer than the output of a process that has ended may be silent.
  await sleep(3500)
  const heard: number[] = []
  let end
  while (end === undefined) {
    for (const { channel, data, ext } of await client.connect()) {
      if (channel === '/service/it') heard.push(Number.parseInt(data, 10))
      else if (channel === '/meta/unsubscribe') end = ext.service
    }
  }
  t.match(end, { error: /code 3$/ })
  t.strictSame(heard, Array.from({ length: 1000 }, (_each, n) => n))
  await untilBackTo(before)
})

t.test('stderr is in the log, line by line', async t => {
  const logged: string[] = []
  const stream = new Writable({
    write (chunk, _encoding, done) {
      const { msg, stderr } = JSON.parse(String(chunk))
      if (msg === 'the process says') logged.push(stderr)
      done()
    }
  })
  const script = 'const e = process.stderr; e.write("on"); setTimeout(() => { e.write("e\\ntwo \\u00e9\\n\\nthr"); setTimeout(() => e.write("ee" + "x".repeat(10000)), 50) }, 50)'
  const { caller, hearEnd } = await start(t, ...node(script), {}, { fastify: { logger: { stream } } })
  await caller.subscribe('it')
  await hearEnd()
  t.strictSame(logged.slice(0, 2), ['one', 'two é'])
  t.match(logged[2], /^threex+$/)
  t.equal(logged.length, 3)
  t.ok((logged[2] as string).length <= 2000, 'a line is bounded')
})

t.test('it ends with everybody that it started', async t => {
  const cases = {
    'a child of it': 'sleep 1000 & echo $$ $!; wait',
    'it does not listen': 'exec 0</dev/null; sleep 1000 & echo $$ $!; wait',
    'it ignores SIGTERM': 'trap "" TERM; sleep 1000 & echo $$ $!; while :; do sleep 1; done',
    'it ends, and a child that ignores SIGTERM and says nothing does not': '(trap "" TERM; exec >/dev/null 2>&1; while :; do sleep 1; done) & echo $$ $!; read line'
  }
  for (const [name, script] of Object.entries(cases)) {
    const { caller, before, hear } = await start(t, ...shell(script))
    await caller.subscribe('it')
    const pids = (await hear()).split(' ').map(Number) as number[]
    t.equal(pids.length, 2)
    t.ok(pids.every(lives), name)
    t.match(await caller.unsubscribe('it'), { successful: true })
    await until(() => !pids.some(lives), `${name}: all are gone`)
    await untilBackTo(before)
  }
})

t.test('a child that keeps its stdout open does not keep the end from being told', async t => {
  for (const script of ['sleep 1000 & echo $!; exit 4', '(trap "" TERM; while :; do sleep 1; done) & echo $!; exit 4']) {
    const { caller, before, hear, hearEnd } = await start(t, ...shell(script))
    await caller.subscribe('it')
    const pid = Number(await hear())
    t.match(await hearEnd(), { reason: 'broken', error: /code 4$/ })
    await until(() => !lives(pid), 'it is gone')
    await untilBackTo(before)
  }
})

t.test('nor does one that has left its process group', { skip: process.platform === 'linux' ? false : 'setsid is of Linux' }, async t => {
  const { caller, before, hear, hearEnd, app } = await start(t, ...shell('setsid sleep 1000 & sleep 0.2; echo $!; exit 4'))
  await caller.subscribe('it')
  const pid = Number(await hear())
  t.teardown(() => process.kill(pid))
  t.match(await hearEnd(), { reason: 'broken', error: /code 4$/ })
  await until(() => app.realtime.metrics().serviceConnections === 0, 'it is closed')
  await untilBackTo(before)
})

t.test('no word of a client is a command, nor are its arguments for a shell', async t => {
  const words = ['; touch /tmp/never', '$(id)', '`id`', '*', 'two words']
  const { caller, hear } = await start(t, process.execPath, ['-e', 'console.log(JSON.stringify(process.argv.slice(1))); process.stdin.pipe(process.stdout)', ...words])
  await caller.subscribe('it', '$(id); `id`')
  t.strictSame(JSON.parse(await hear()), words)
  t.equal(await hear(), '$(id); `id`')
})

t.test('folder and environment', async t => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastify-bayeux-')))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { caller, hear } = await start(t, ...shell('pwd; echo $WHO $HOME'), { cwd: folder, env: { WHO: 'gateway' } })
  await caller.subscribe('it')
  t.equal(await hear(), folder)
  t.equal(await hear(), `gateway ${process.env.HOME}`)
  const nowhere = await start(t, ...shell('pwd'), { cwd: join(folder, 'nowhere') })
  t.match(await nowhere.caller.subscribe('it'), { successful: false, error: '502:/service/it:Service failed' })
})

t.test('one that closes its stdin: who publishes is told, and what it says still arrives', async t => {
  const { caller, before, hear } = await start(t, ...shell('exec 0</dev/null; echo deaf; sleep 1000'))
  await caller.subscribe('it')
  t.equal(await hear(), 'deaf')
  await until(async () => (await caller.publish('it', 'anything')).error === '502:/service/it:Service reads no more')
  await caller.unsubscribe('it')
  await untilBackTo(before)
})

t.test('one that floods is gone when the server closes', async t => {
  const before = resources()
  const { caller, hear, app } = await start(t, ...shell('echo $$; exec yes "$(printf "%0100d" 7)"'))
  await caller.subscribe('it')
  const pid = Number(await hear())
  await app.close()
  await until(() => !lives(pid), 'it is gone')
  await untilBackTo(before)
})

t.test('nobody is left behind where the server leaves in a hurry', async t => {
  const [command, args] = shell('trap "" TERM HUP; echo $$; while :; do sleep 1; done')
  const { child, url } = await startMeasuredGateway(t, { services: { it: { type: 'process', command, args, framing: 'lines' } } })
  const caller = await startCaller(t, url, 'websocket')
  await caller.subscribe('it')
  const pid = Number((await caller.hear('/service/it')).data)
  t.ok(lives(pid))
  // It calls process.exit() then.
  child.disconnect()
  await until(() => !lives(pid), 'it is gone')
})
