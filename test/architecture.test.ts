/** The arrows between the folders: who may import whom. The import lines are read, nothing is run. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** Folders and packages that each folder may import; `type:` only as types. */
const allowed: Record<string, readonly string[]> = {
  types: ['type:fastify', 'type:@sinclair/typebox', 'type:node:stream', 'type:node:events', 'type:lib/protocol', 'type:lib/options', 'type:lib/limits'],
  'lib/protocol': ['@sinclair/typebox', '@sinclair/typebox/compiler', 'secure-json-parse'],
  'lib/framing': ['type:types'],
  'lib/encoding': ['lib/protocol', 'type:types', 'node:string_decoder'],
  'lib/broker': ['lib/protocol', 'type:types', 'type:fastify', 'type:lib/limits'],
  'lib/nodes': ['lib/broker', 'lib/protocol', 'lib/errors', 'type:types', 'type:fastify', 'type:lib/limits', 'type:@sinclair/typebox'],
  'lib/services': ['lib/framing', 'lib/encoding', 'lib/protocol', 'type:types', 'type:fastify', 'type:lib/limits', 'type:lib/options', 'type:node:stream'],
  'lib/calls': ['lib/protocol', 'lib/errors', 'type:types', 'type:lib/limits', 'type:lib/options', 'type:@sinclair/typebox'],
  'lib/transports': ['lib/broker', 'lib/protocol', 'lib/errors', 'type:types', 'type:fastify', 'type:ws', 'type:@fastify/websocket', 'type:node:net', 'type:node:http', 'node:crypto', 'node:fs/promises', 'node:util', 'node:zlib'],
  'lib/client': ['lib/protocol', 'type:types', 'cometd', '@noble/hashes/legacy.js', '@noble/hashes/sha2.js', '@noble/hashes/utils.js'],
  'lib/extensions': ['type:types'],
  'lib/backplanes': ['lib/protocol', 'type:types', 'type:@nats-io/transport-node', 'node:timers/promises'],
  'lib/histories': ['lib/protocol', 'type:types', '@nats-io/transport-node', 'node:crypto'],
  'lib/connectors': ['type:types', 'type:fastify', 'type:lib/limits', 'node:child_process', 'node:dgram', 'node:dns/promises', 'node:events', 'node:net', 'node:perf_hooks', 'node:stream', 'node:timers/promises', 'node:tls', 'ws'],
  'lib/asyncapi': ['lib/protocol', 'type:lib/options', 'type:@sinclair/typebox'],
  'lib/monitor': ['@sinclair/typebox', 'type:types', 'type:fastify', 'node:timers/promises'],
  'lib/cli': ['type:types', 'lib/plugin', 'lib/options', 'lib/errors', 'type:fastify', 'yaml', 'node:fs', 'node:fs/promises', 'node:module', 'node:os', 'node:util'],
  'lib/options': ['@sinclair/typebox', '@sinclair/typebox/value', 'lib/encoding', 'lib/framing', 'lib/protocol', 'lib/limits', 'lib/errors', 'type:types', 'type:fastify']
}

/** Where a package may be used inside the protocol, if not everywhere. */
const alone: Record<string, string> = {
  '@sinclair/typebox': 'schemas.ts',
  '@sinclair/typebox/compiler': 'schemas.ts',
  'secure-json-parse': 'codec.ts',
  'node:crypto': 'bundled-files.ts',
  'node:fs/promises': 'bundled-files.ts',
  'node:util': 'bundled-files.ts',
  'node:zlib': 'bundled-files.ts',
  cometd: 'cometd.ts',
  '@noble/hashes/legacy.js': 'digest.ts',
  '@noble/hashes/sha2.js': 'digest.ts',
  '@noble/hashes/utils.js': 'digest.ts'
}

const IMPORT = /^(?:import|export)\s+(type\b)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm

function filesUnder (folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
}

function importsOf (file: string): { target: string, isType: boolean }[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(IMPORT)].map(([, type, from, bare]) => {
    const path = (from ?? bare) as string
    const target = path.startsWith('.') ? relative(root, resolve(root, dirname(file), path)) : path
    return { target, isType: type !== undefined }
  })
}

function folderOf (target: string): string {
  if (!/^(lib|types)\//.test(target)) return target
  const [top, second] = target.split('/') as [string, string]
  return top === 'types' ? 'types' : `lib/${second.replace(/\.js$/, '')}`
}

function mayImport (folder: string, file: string, target: string, isType: boolean): boolean {
  const to = folderOf(target)
  if (to === folder) return true
  const rules = allowed[folder] as readonly string[]
  if (isType && rules.includes(`type:${to}`)) return true
  if (!rules.includes(to)) return false
  return folder !== 'lib/protocol' || alone[to] === undefined || isType || file.endsWith(`/${alone[to]}`)
}

t.test('every arrow between the folders is in the table', async t => {
  let arrows = 0
  for (const folder of Object.keys(allowed)) {
    for (const file of filesUnder(folder)) {
      for (const { target, isType } of importsOf(file)) {
        arrows++
        t.ok(mayImport(folder, file, target, isType), `${file} → ${target}`)
      }
    }
  }
  t.ok(arrows > 50, 'the imports were found')
})

t.test('the client takes nothing of a server along', async t => {
  for (const file of filesUnder('lib/client')) {
    for (const { target } of importsOf(file)) t.notMatch(target, /^node:|fastify|typebox|schemas|codec|secure-json/, `${file} → ${target}`)
  }
})

t.test('every folder of lib has its row', async t => {
  const folders = readdirSync(join(root, 'lib'), { withFileTypes: true }).filter(each => each.isDirectory()).map(each => `lib/${each.name}`)
  t.strictSame(folders.filter(folder => allowed[folder] === undefined), [])
})

t.test('the table is checked: a forbidden arrow is seen', async t => {
  t.notOk(mayImport('lib/broker', 'lib/broker/broker.ts', 'lib/transports/websocket.js', false))
  t.notOk(mayImport('lib/protocol', 'lib/protocol/channel.ts', '@sinclair/typebox', false))
  t.notOk(mayImport('types', 'types/session.ts', 'lib/protocol/message.js', false))
  t.ok(mayImport('types', 'types/session.ts', 'lib/protocol/message.js', true))
})

t.test('the core touches no I/O, and no file is one of odds and ends', async t => {
  for (const file of filesUnder('lib')) {
    t.notMatch(file, /\/(utils?|helpers?|common|misc|shared)\.ts$/)
    if (!/^lib\/(protocol|broker)\//.test(file)) continue
    const text = readFileSync(join(root, file), 'utf8')
    t.notMatch(text, /from 'node:|\bprocess\.|\brequire\(/, file)
  }
})

t.test('the broker has ten public methods at most', async t => {
  const text = readFileSync(join(root, 'lib/broker/broker.ts'), 'utf8')
  const start = text.indexOf('export class Broker')
  const body = text.slice(start, text.indexOf('\n}\n', start))
  const methods = [...body.matchAll(/^ {2}([a-z]\w*) (?:<[^>]*>)?\(/gm)].map(([, name]) => name).filter(name => name !== 'constructor')
  t.ok(methods.length > 5 && methods.length <= 10, methods.join(' '))
})
