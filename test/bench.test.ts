/** The benchmark: that it refuses what it must not count, and that the command runs. Its figures are nobody's business here. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { mark, Receiver, Tally } from './bench/marks.js'
import { measure } from './bench/measure.js'
import { NotInstalled } from './bench/process.js'
import { rowsOf } from './bench/report/columns.js'
import { median, quantile, spread } from './bench/statistics.js'
import { workload } from './bench/workloads/workload.js'

const run = promisify(execFile)

function receive (texts: readonly string[], wanted: number): Promise<void> {
  const tally = new Tally()
  const receiver = new Receiver(tally)
  const reached = tally.reaches(wanted, 50)
  for (const text of texts) receiver.see(Buffer.from(text))
  return reached.then(() => tally.settled(wanted))
}

t.test('what was lost, doubled, out of order or refused is no figure', async t => {
  const [one, two, three] = [0, 1, 2].map(mark) as [string, string, string]
  await t.resolves(receive([`[${one}${two}]`, three], 3))
  await t.rejects(receive([one, three], 3), { message: /lost or out of order/ })
  await t.rejects(receive([one, two], 3), { message: /lost/ })
  await t.rejects(receive([one, one, two], 3), { message: /doubled/ })
  await t.rejects(receive([two, one], 2), { message: /out of order/ })
  await t.rejects(receive([one, two, three], 2), { message: /doubled/ })
  await t.rejects(receive([`{"id":"${one}","successful":false}`], 1), { message: /refused/ })
})

t.test('marks are found however the bytes are cut', async t => {
  await fc.assert(fc.asyncProperty(fc.array(fc.nat({ max: 200 }), { maxLength: 10 }), async cuts => {
    const text = Array.from({ length: 12 }, (_, number) => `x@,${mark(number)}@`).join('"')
    const edges = [0, ...cuts.map(cut => Math.min(cut, text.length)).sort((one, other) => one - other), text.length]
    const tally = new Tally()
    const receiver = new Receiver(tally)
    for (const [index, edge] of edges.slice(1).entries()) receiver.see(Buffer.from(text.slice(edges[index], edge)))
    if (tally.seen !== 12) throw new Error(`${tally.seen} of 12`)
  }))
  t.pass('all of them')
})

t.test('the middle, and how far apart', async t => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  t.equal(quantile([0, 10], 0.99), 9.9)
  t.equal(spread([9, 10, 12]), 0.3)
})

t.test('who needs a program that is not there is left out, and the table says so', async t => {
  const contender = (name: string) => ({ name, role: 'ours' as const, start: async () => ({}), join: async () => ({}) }) as never
  const work = (name: string, here: boolean) => workload({
    name,
    title: name,
    unit: 'message',
    contenders: [contender('alone'), contender('with Redis')],
    run: async (each: { name: string }) => {
      if (each.name === 'with Redis' || !here) throw new NotInstalled('redis-server')
      return { cpu: 2 }
    }
  })
  const results = await measure([work('some', true), work('none', false)], { rounds: 2, scale: 1, profile: null })
  t.strictSame(results.map(rowsOf), [
    [['', 'CPU µs a message', '±'], ['alone', '2.00', '0 %'], ['with Redis', 'left out: redis-server is not installed', '']],
    [['', ''], ['alone', 'left out: redis-server is not installed'], ['with Redis', 'left out: redis-server is not installed']]
  ])
  t.strictSame(results.flatMap(({ contenders }) => contenders.flatMap(({ failures }) => failures)), [], 'which is no failure')
})

t.test('the command measures, prints a table and writes its figures', { timeout: 180_000 }, async t => {
  await run('npx', ['tsc', '-p', 'test/bench'])
  const file = join(mkdtempSync(join(tmpdir(), 'bench-')), 'figures.json')
  const command = (...options: string[]) => run(process.execPath, ['dist/bench/test/bench/bench.js', ...options])
  const { stdout } = await command('--quick', '--only', 'publish-http-50,fan-out-100-16,backplane-publish-websocket,nodes-delivery-nats', '--json', file)
  t.match(stdout, /fastify-bayeux +[0-9.]+ +[0-9,]+/)
  const { results } = JSON.parse(readFileSync(file, 'utf8'))
  t.strictSame(results.map(({ name }: { name: string }) => name), ['fan-out-100-16', 'publish-http-50', 'backplane-publish-websocket', 'nodes-delivery-nats'])
  for (const { name, contenders } of results) {
    for (const { name: contender, rounds, failures, leftOut } of contenders) {
      t.strictSame(failures, [], `${name}: ${contender}`)
      t.ok(leftOut !== null || rounds[0]?.cpu > 0, `${name}: ${contender} has a figure`)
    }
  }
  const profiles = mkdtempSync(join(tmpdir(), 'profiles-'))
  t.match((await command('--quick', '--only', 'publish-http-50', '--profile', profiles)).stdout, /fastify-bayeux\n +function +of its own\n(?:.*\n)* +decode\w* {2}lib\/protocol\/codec\.js:\d+ +\d/)
  t.match(readdirSync(profiles), ['publish-http-50.fastify-bayeux.cpuprofile', 'publish-http-50.fastify-route.cpuprofile', 'publish-http-50.faye.cpuprofile'])
  await t.rejects(command('--only', 'nothing'), { code: 2, stderr: /No work is called nothing/ })
  t.match((await command('--list')).stdout, /^relay-70-1 /m)
  t.match((await command('--help')).stdout, /--quick/)
})
