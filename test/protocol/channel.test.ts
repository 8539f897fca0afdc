import fc from 'fast-check'
import t from 'tap'
import { interestKeys, readChannel, serviceChannel, serviceName } from '../../lib/protocol/channel.js'

const limits = { channelLength: 255, channelSegments: 16 }

t.test('names and patterns of docs/protocol.md, section 1', async t => {
  const cases: [string, ReturnType<typeof readChannel>][] = [
    ['/a', { kind: 'broadcast', pattern: false }],
    ['/a/b-_!~()$@9', { kind: 'broadcast', pattern: false }],
    ['/meta/handshake', { kind: 'meta', pattern: false }],
    ['/meta/subscribe/x', { kind: 'meta', pattern: false }],
    ['/metadata', { kind: 'broadcast', pattern: false }],
    ['/service/random', { kind: 'service', pattern: false }],
    ['/service/*', { kind: 'service', pattern: true }],
    ['/*', { kind: 'broadcast', pattern: true }],
    ['/**', { kind: 'broadcast', pattern: true }],
    ['/a/**', { kind: 'broadcast', pattern: true }],
    ['/meta/**', { kind: 'meta', pattern: true }],
    ['', null],
    ['/', null],
    ['a', null],
    ['//', null],
    ['/a/', null],
    ['/a//b', null],
    ['/a b', null],
    ['/a/*/b', null],
    ['/a/**/b', null],
    ['/a*', null],
    ['/a/***', null],
    ['/é', null],
    ['/a\n', null],
    ['/a.b', null]
  ]
  for (const [name, shape] of cases) t.strictSame(readChannel(name, limits), shape, JSON.stringify(name))
})

t.test('names beyond the bounds are refused before anything walks them', async t => {
  t.ok(readChannel('/' + 'a'.repeat(254), limits))
  t.equal(readChannel('/' + 'a'.repeat(255), limits), null)
  t.ok(readChannel('/a'.repeat(16), limits))
  t.equal(readChannel('/a'.repeat(17), limits), null)
  t.equal(readChannel('/a'.repeat(450_000), limits), null)
})

t.test('a service and its channel', async t => {
  t.equal(serviceChannel('a/b'), '/service/a/b')
  t.equal(serviceName('/service/a/b'), 'a/b')
})

t.test('a channel of d segments has d + 2 keys', async t => {
  t.strictSame(interestKeys('/a'), ['/a', '/*', '/**'])
  t.strictSame(interestKeys('/a/b/c'), ['/a/b/c', '/a/b/*', '/**', '/a/**', '/a/b/**'])
})

const segment = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_!~()$@'), minLength: 1, maxLength: 4 })
const channel = fc.array(segment, { minLength: 1, maxLength: 5 }).map(segments => '/' + segments.join('/'))
const pattern = fc.tuple(fc.array(segment, { maxLength: 4 }), fc.constantFrom('*', '**')).map(([segments, star]) => '/' + [...segments, star].join('/'))

/** The specification's words, as slowly as they are written. */
function matches (pattern: string, channel: string): boolean {
  if (pattern === channel) return true
  const parent = pattern.slice(0, pattern.lastIndexOf('/') + 1)
  if (!pattern.endsWith('*') || !channel.startsWith(parent)) return false
  const rest = channel.slice(parent.length)
  return rest !== '' && (pattern.endsWith('**') || !rest.includes('/'))
}

t.test('the keys of a channel are exactly the patterns that match it', async () => {
  fc.assert(fc.property(channel, fc.oneof(pattern, channel), (name, interest) => {
    return interestKeys(name).includes(interest) === matches(interest, name)
  }), { numRuns: 2000 })
  fc.assert(fc.property(channel, name => {
    const keys = interestKeys(name)
    return keys.length === name.split('/').length + 1 && keys.every(key => matches(key, name)) && new Set(keys).size === keys.length
  }))
})

t.test('whatever text comes, reading it ends, and what is read has the grammar', async () => {
  fc.assert(fc.property(fc.string(), name => {
    const shape = readChannel(name, limits)
    return shape === null || /^(\/[A-Za-z0-9\-_!~()$@]+)*(\/\*\*?)?$/.test(name)
  }))
  fc.assert(fc.property(channel, name => readChannel(name, limits)?.pattern === false))
  fc.assert(fc.property(pattern, name => readChannel(name, limits)?.pattern === true))
})

t.test('what was read before changes nothing, nor do other bounds', async t => {
  const bounds = [limits, { channelLength: 6, channelSegments: 2 }]
  const names = fc.oneof(channel, pattern, fc.constantFrom('', '/a//b', '/meta/x', 'a'))
  fc.assert(fc.property(fc.array(fc.tuple(names, fc.nat({ max: 1 })), { minLength: 1, maxLength: 6 }), reads => {
    for (const [name, which] of reads) {
      const fresh = { ...bounds[which] as typeof limits }
      const [first, again] = [readChannel(name, bounds[which] as typeof limits), readChannel(name, bounds[which] as typeof limits)]
      if (first !== again || first !== readChannel(name, fresh)) throw new Error(name)
    }
  }))
  t.pass('all of them')
})
