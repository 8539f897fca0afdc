/** The command line, the environment and the file: what is read from where, and what is refused. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readArguments, type Settings } from '../../lib/cli/arguments.js'
import { configure } from '../../lib/cli/configuration.js'
import { actionOptions, valueOptions, variableOf } from '../../lib/cli/option-table.js'
import { WrongInput } from '../../lib/cli/wrong-input.js'
import { OptionsError } from '../../lib/errors.js'
import { runCli, startCli } from '../harness/cli-process.js'
import { PollClient } from '../harness/poll-client.js'
import { until } from '../harness/until.js'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'bayeux-cli-'))
t.teardown(() => rmSync(folder, { recursive: true }))

function write (name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** What a client is told of the services, hosts and ports included. */
async function directoryOf (t: Test, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ services: unknown, advice: any }> {
  const { url } = await startCli(t, ['--port', '0', ...args], env)
  const { ext, advice } = await new PollClient(url).handshake()
  return { services: ext?.services, advice }
}

t.test('--help and --version', async t => {
  for (const flag of ['--help', '-h']) {
    const { code, stdout, stderr } = await runCli([flag, '--check'])
    t.equal(code, 0)
    t.equal(stderr, '')
    t.same(stdout.split('\n').filter(line => [...line].length > 80), [], 'it fits 80 columns')
    for (const { name, fallback } of valueOptions) {
      t.match(stdout, `--${name} `)
      t.match(stdout, new RegExp(`\\[${variableOf(name)}\\b.*${fallback === undefined ? '' : `default ${fallback}`}\\]`))
    }
    for (const { name } of actionOptions) t.match(stdout, `--${name} `)
  }
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.same(await runCli(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
})

t.test('the README names every option with its variable', async t => {
  for (const { name, short, value } of valueOptions) {
    const names = short === undefined ? `\`--${name} ${value}\`` : `\`-${short}\`, \`--${name} ${value}\``
    t.ok(readme.includes(`| ${names} | \`${variableOf(name)}\``), name)
  }
  for (const { name, short } of actionOptions) t.ok(readme.includes(`| ${short === undefined ? '' : `\`-${short}\`, `}\`--${name}\` |`), name)
})

type Wrong = [args: string[], message: RegExp, env?: NodeJS.ProcessEnv]

const file = (text: string) => ['--config', write(`${Math.random()}.yml`, text)]

t.test('what is wrong ends it with 2 and one line that names it', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const cases: Wrong[] = [
    [['--port', String(port)], new RegExp(`^--port: ${port} is taken on 127\\.0\\.0\\.1; --port 0 takes any free one$`)],
    [['--port', '0', '--host', '192.0.2.1'], /^--host: 192\.0\.2\.1 is no address of this machine$/],
    [['--port', '0', '--host', 'nobody.invalid'], /^--host: nobody\.invalid is unknown$/],
    [['--trust-proxy', 'everybody'], /^--trust-proxy: .*everybody/],
    [['--frobnicate'], /^Unknown option '--frobnicate'\. Try --help\.$/],
    [[], /^FASTIFY_BAYEUX_PORT: Expected a port, 0 to 65535, not 'tcp:\/\/10\.0\.0\.1:80'$/, { FASTIFY_BAYEUX_PORT: 'tcp://10.0.0.1:80' }],
    [['-s', 'a=tcp://h:1?framing=line'], /^services\.a\.framing: Expected "raw" or/],
    [file('nonsense: 1'), /\.yml: nonsense: Unknown option$/]
  ]
  for (const [args, message, env] of cases) {
    const { code, stdout, stderr } = await runCli(args, env)
    const [line = '', ...more] = stderr.split('\n')
    t.same([code, stdout, more], [2, '', ['']], JSON.stringify(args))
    t.match(line, /^fastify-bayeux: /)
    t.match(line.replace(/^fastify-bayeux: /, ''), message)
  }
})

t.test('what is wrong is named', async t => {
  const cases: Wrong[] = [
    [['--frobnicate'], /^Unknown option '--frobnicate'\. Try --help\.$/],
    [['--fro.b nicate'], /^Unknown option '--fro\.b nicate'/],
    [['-x'], /^Unknown option '-x'/],
    [['random=tcp://localhost:1'], /^Unexpected argument 'random=tcp:\/\/localhost:1'/],
    [['--port'], /^Option '-p, --port <value>' argument missing/],
    [['--port', '-1'], /^Option '--port' argument is ambiguous/],
    [['--port', '80x'], /^--port: Expected a port, 0 to 65535, not '80x'$/],
    [['--port', '65536'], /^--port: Expected a port/],
    [['--port', ''], /^--port: Expected a value$/],
    [[], /^FASTIFY_BAYEUX_PORT: Expected a port, 0 to 65535, not 'tcp:\/\/10\.0\.0\.1:80'$/, { FASTIFY_BAYEUX_PORT: 'tcp://10.0.0.1:80' }],
    [[], /^PORT: Expected a port/, { PORT: 'x' }],
    [['--path', 'realtime'], /^path: /],
    [['--directory', 'all'], /^--directory: Expected names or full, not 'all'$/],
    [[], /^FASTIFY_BAYEUX_LOG_LEVEL: Expected fatal or .*, not 'loud'$/, { FASTIFY_BAYEUX_LOG_LEVEL: 'loud' }],
    [['--service', 'random'], /^--service: Expected NAME=URL, not 'random'$/],
    [['--service', '=tcp://h:1'], /^--service: Expected NAME=URL/],
    [['-s', 'a=tcp://h:1', '-s', 'a=tcp://h:2'], /^--service a: Given twice$/],
    [['-s', 'a=smoke://h:1'], /^--service a: Expected tcp: or/],
    [[], /^FASTIFY_BAYEUX_SERVICE b: Expected tcp: or/, { FASTIFY_BAYEUX_SERVICE: 'a=tcp://h:1\nb=smoke' }],
    [['-s', 'a b=tcp://h:1'], /^services\.a b: A name becomes a channel/],
    [['-s', 'a=tcp://h:0'], /^services\.a\.port: /],
    [['-s', 'a=tcp://h:1?framing=line'], /^services\.a\.framing: Expected "raw" or/],
    [['-s', 'a=tcp://h:1?connectTimeout=soon'], /^services\.a\.connectTimeout: Expected integer/],
    [['-s', 'a=udp://h:1?listen=1'], /^services\.a\.listen: /],
    [['--config', join(folder, 'gone.yml')], /gone\.yml: ENOENT/],
    [['--config', folder], /: EISDIR/],
    [file('a: b: c'), /\.yml: Nested mappings are not allowed in compact mappings at line 1, column 4$/],
    [file('path: /a\npath: /b'), /\.yml: Map keys must be unique at line 2/],
    [file('path: !secret x'), /\.yml: Unresolved tag: !secret/],
    [file('path: *x'), /\.yml: Unresolved alias/],
    [file('- a'), /\.yml: Expected options by name$/],
    [file('nonsense: 1'), /\.yml: nonsense: Unknown option$/],
    [file('port: 80'), /\.yml: port: Unknown option$/],
    [file('system: { reconect: {} }'), /\.yml: system\.reconect: Unknown option$/],
    [file('services: { random: { type: tcp } }'), /\.yml: services\.random\.port: /],
    [file('services: none'), /\.yml: services: Expected object/],
    [file('services: { random: { port: 1, framng: lines } }'), /\.yml: services\.random\.framng: Unknown option$/],
    [file('services: { random: { port: 1, authorize: "yes" } }'), /\.yml: services\.random\.authorize: Expected function/],
    [file('services: { clock: { type: internal, handler: {} } }'), /\.yml: services\.clock\.type: 'internal' cannot be set in a file, because it is code$/],
    [file('services: { clock: { type: own } }'), /\.yml: services\.clock\.type: Unknown connector 'own'/],
    [file('policy: { canHandshake: false }'), /\.yml: policy: Cannot be set in a file, because it is code$/],
    [file('history: { size: 5 }'), /\.yml: history: Cannot be set in a file/],
    [file('channels: { /a: { history: { size: 0 } } }'), /\.yml: channels\["\/a"\]\.history\.size: Expected integer/],
    [file('authenticate: jwt'), /\.yml: authenticate: Cannot be set in a file/],
    [file('logLevel: loud'), /\.yml: logLevel: Expected "fatal" or/],
    [[], /gone\.yml: ENOENT/, { FASTIFY_BAYEUX_CONFIG: join(folder, 'gone.yml') }]
  ]
  for (const [args, message, env = {}] of cases) {
    const reading = async () => configure(readArguments(args, env) as Settings)
    const error = await reading().then(() => 'accepted', (error: Error) => {
      t.ok(error instanceof WrongInput || error instanceof OptionsError, 'no bug')
      return error.message.replace(/^fastify-bayeux: /, '')
    })
    t.match(error, message, JSON.stringify(args))
    t.notMatch(error, '\n')
  }
})

t.test('a file: YAML, JSON, and that of Nodefony\'s readme', async t => {
  const [, nodefony] = /```yaml\n(system:\n[^`]*nodefony\.com\n)```/.exec(readme) ?? []
  t.ok(nodefony, 'it is in our README')
  const { services, advice } = await directoryOf(t, ['-c', write('nodefony.yml', nodefony as string), '--directory', 'full'])
  t.same(services, { random: { type: 'tcp', port: 1315, domain: 'nodefony.com' }, dmsg: { type: 'tcp', port: 1316, domain: 'nodefony.com' } })
  t.match(advice, { reconnect: 'retry' })

  const json = JSON.stringify({ directory: 'full', system: { reconnect: { handshake: false } }, services: { a: { port: 1, framing: 'lines' } }, maxInterval: 1234 }, null, '\t')
  const other = await directoryOf(t, ['-c', write('options.json', json)])
  t.same(other.services, { a: { type: 'tcp', port: 1, domain: 'localhost' } })
  t.equal(other.advice.reconnect, 'none')

  t.same((await directoryOf(t, ['-c', write('empty.yml', '# nothing yet\n')])).services, undefined, 'an empty file says nothing')
  const generated = await directoryOf(t, ['-c', write('generated.yml', 'locale: en_en\nservices: ~\n'), '-s', 'a=tcp://h:1'])
  t.same(generated.services, { a: { type: 'tcp' } }, 'keys without a value are left out')
})

t.test('the command line wins over the environment, and both over the file', async t => {
  const config = write('all.yml', `
path: /file
directory: full
origins: [https://file.example]
logLevel: debug
services:
  one: { type: tcp, port: 1 }
  two: { type: tcp, port: 2 }
  three: { type: tcp, port: 3 }
  broken: { type: tcp }
`)
  const env = {
    FASTIFY_BAYEUX_CONFIG: config,
    FASTIFY_BAYEUX_PATH: '/environment',
    FASTIFY_BAYEUX_ORIGIN: 'https://a.example  https://b.example',
    FASTIFY_BAYEUX_SERVICE: 'two=tcp://environment:2\n\n broken=tcp://environment:5 \n three=tcp://environment:3\n',
    FASTIFY_BAYEUX_PORT: 'never read',
    FASTIFY_BAYEUX_HOST: '',
    PORT: 'never read'
  }
  const cli = await startCli(t, ['--port', '0', '--service', 'three=tcp://line:3'], env)
  t.match(cli.url, /^http:\/\/127\.0\.0\.1:\d+\/environment$/)
  const { ext } = await new PollClient(cli.url).handshake()
  t.same(ext.services, {
    one: { type: 'tcp', domain: 'localhost', port: 1 },
    two: { type: 'tcp', domain: 'environment', port: 2 },
    three: { type: 'tcp', domain: 'line', port: 3 },
    broken: { type: 'tcp', domain: 'environment', port: 5 }
  })
  const statusFrom = async (url: string, origin: string) => (await new PollClient(url).post([{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] }], { origin })).status
  t.equal(await statusFrom(cli.url, 'https://b.example'), 200)
  t.equal(await statusFrom(cli.url, 'https://file.example'), 403)
  await until(() => cli.records.some(({ msg }) => /^session \d+: handshake from/.test(msg)), 'logLevel of the file: debug')
  t.ok(cli.records.some(({ req }) => req !== undefined), 'requests are told from debug on')

  const other = await startCli(t, ['--port', '0', '--path', '/line', '--origin', 'https://x.example', '--origin', 'https://y.example', '--directory', 'names', '--log-level', 'info'], { ...env, FASTIFY_BAYEUX_DIRECTORY: 'full' })
  t.match(other.url, /\/line$/)
  t.same((await new PollClient(other.url).handshake()).ext.services.one, { type: 'tcp' })
  t.equal(await statusFrom(other.url, 'https://y.example'), 200)
  t.equal(await statusFrom(other.url, 'https://a.example'), 403)
  other.process.kill('SIGTERM')
  await other.exited
  t.notOk(other.records.some(({ req, msg }) => req !== undefined || msg.startsWith('session')), 'a line for each poll would be noise')
})

t.test('PORT, where nobody says it better', async t => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  const { url } = await startCli(t, [], { PORT: String(port), HOST: 'some-machine.invalid' })
  t.equal(url, `http://127.0.0.1:${port}/realtime`)
})

t.test('a proxy that is trusted says who comes', async t => {
  for (const [args, address] of [[['--trust-proxy', 'loopback'], '203.0.113.9'], [[], '127.0.0.1']] as const) {
    const cli = await startCli(t, ['--port', '0', '--log-level', 'debug', ...args])
    await new PollClient(cli.url).post([{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] }], { 'x-forwarded-for': '203.0.113.9' })
    await until(() => cli.records.some(({ msg }) => msg === `session 1: handshake from ${address}`))
  }
  t.pass('both')
})
