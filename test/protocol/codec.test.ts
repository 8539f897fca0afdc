import fc from 'fast-check'
import t from 'tap'
import { decode, decodeForm, decodePublishes, Undecodable, type Batch } from '../../lib/protocol/codec.js'
import { spellArray, spellBare } from '../../lib/protocol/dialect.js'
import { errorTexts, isRefusal, refusal, refusalCode, type ErrorCode } from '../../lib/protocol/error.js'
import type { Malformed } from '../../lib/protocol/message.js'
import { Outgoing } from '../../lib/protocol/outgoing.js'
import { eventValidator, replyValidators, requestValidators } from '../../lib/protocol/schemas.js'

const limits = { batch: 1000, jsonDepth: 64, channelLength: 255, channelSegments: 16 }

function one (message: unknown) {
  const batch = decode(JSON.stringify(message), limits)
  if (batch instanceof Undecodable) throw new Error(batch.error)
  return batch.incoming[0]
}

function errorOf (message: unknown) {
  const incoming = one(message)
  return incoming?.operation === 'malformed' ? incoming.reply : incoming?.operation
}

t.test('each operation is known by its exact channel', async t => {
  t.equal(one({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: [] })?.operation, 'handshake')
  t.equal(one({ channel: '/meta/connect', clientId: 'a', connectionType: 'websocket' })?.operation, 'connect')
  t.equal(one({ channel: '/meta/subscribe', clientId: 'a', subscription: '/a' })?.operation, 'subscribe')
  t.equal(one({ channel: '/meta/unsubscribe', clientId: 'a', subscription: ['/a', '/b'] })?.operation, 'unsubscribe')
  t.equal(one({ channel: '/meta/disconnect', clientId: 'a' })?.operation, 'disconnect')
  t.equal(one({ channel: '/a', clientId: 'a', data: null })?.operation, 'publish')
  for (const channel of ['/meta/subscribe/x', '/meta/foo', '/meta/handshake/', '/meta/*']) {
    t.match(errorOf({ channel, clientId: 'a', subscription: '/a' }), { error: /^40[03]:/ }, channel)
  }
})

t.test('where everything is to be published, no channel means anything else', async t => {
  const messages = [{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: [], data: 1 }, { channel: '/meta/else', data: 1 }, { channel: '/a', data: 1 }, { channel: '/meta/connect' }, { channel: '/a b', data: 1 }]
  const batch = decodePublishes(JSON.stringify(messages), limits) as Batch
  t.strictSame(batch.incoming.map(({ operation }) => operation), ['publish', 'publish', 'publish', 'malformed', 'malformed'])
  t.ok(decodePublishes('[5]', limits) instanceof Undecodable)
  t.equal((decodePublishes('{"channel":"/a","data":1}', limits) as Batch).bare, true)
})

t.test('the type of every field is checked, and the error names it', async t => {
  const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] }
  const wrong: [Record<string, unknown>, string][] = [
    [{ ...handshake, version: 1 }, '/version'],
    [{ ...handshake, version: undefined }, '/version'],
    [{ ...handshake, version: 'x' }, '/version'],
    [{ ...handshake, minimumVersion: {} }, '/minimumVersion'],
    [{ ...handshake, supportedConnectionTypes: 'websocket' }, '/supportedConnectionTypes'],
    [{ ...handshake, supportedConnectionTypes: { length: 2e9 } }, '/supportedConnectionTypes'],
    [{ ...handshake, supportedConnectionTypes: [1] }, '/supportedConnectionTypes/0'],
    [{ ...handshake, ext: 'x' }, '/ext'],
    [{ ...handshake, id: {} }, '/id'],
    [{ ...handshake, advice: { timeout: -1 } }, '/advice/timeout'],
    [{ channel: '/meta/connect', clientId: 'a', connectionType: 5 }, '/connectionType'],
    [{ channel: '/meta/connect', clientId: 7, connectionType: 'websocket' }, '/clientId'],
    [{ channel: '/meta/subscribe', clientId: 'a' }, '/subscription'],
    [{ channel: '/meta/subscribe', clientId: 'a', subscription: [] }, '/subscription'],
    [{ channel: '/meta/subscribe', clientId: 'a', subscription: [{}] }, '/subscription'],
    [{ channel: '/meta/unsubscribe', clientId: 'a', subscription: 5 }, '/subscription'],
    [{ channel: '/meta/disconnect', clientId: [] }, '/clientId'],
    [{ channel: '/a', clientId: {}, data: 1 }, '/clientId'],
    [{ channel: '/a', clientId: 'a' }, '/data']
  ]
  for (const [message, pointer] of wrong) {
    const { channel } = message as { channel: string }
    const reply = errorOf(message)
    t.match(reply, { successful: false, channel, error: `400:${channel},${pointer}:` }, `${channel} ${pointer}`)
  }
})

t.test('an error reply echoes id and subscription, and only a usable channel', async t => {
  t.strictSame(errorOf({ channel: '/a b', id: 7 }), { successful: false, error: '400:/a b:Malformed channel', id: 7 })
  t.strictSame(errorOf({ id: 'x', data: 1 }), { successful: false, error: '400::A message needs a channel', id: 'x' })
  t.strictSame(errorOf({ channel: 5, id: [] }), { successful: false, error: '400::A message needs a channel' })
  t.match(errorOf({ channel: '/meta/subscribe', clientId: 5, subscription: '/a' }), { channel: '/meta/subscribe', subscription: '/a' })
  t.match(errorOf({ channel: '/meta/handshake' }), { advice: { reconnect: 'none' } }, 'a malformed handshake is not to be tried again')
})

t.test('what is no message is answered as a whole', async t => {
  for (const text of ['', '{', 'null', '5', '"x"', '[1]', '[null]', '[[]]', '[{"channel":"/a","data":1},2]', 'undefined']) {
    const batch = decode(text, limits)
    t.ok(batch instanceof Undecodable && batch.garbage, text)
  }
  t.strictSame((decode('[]', limits) as Batch).incoming, [])
})

t.test('too many messages: 400, nothing processed, and no garbage', async t => {
  const message = { channel: '/a', data: 1 }
  t.equal((decode(JSON.stringify(new Array(1000).fill(message)), limits) as Batch).incoming.length, 1000)
  const batch = decode(JSON.stringify(new Array(1001).fill(message)), limits)
  t.ok(batch instanceof Undecodable && !batch.garbage && batch.error.startsWith('400:'))
  t.ok(decodeForm(new Array(1001).fill('{}'), limits) instanceof Undecodable)
})

t.test('depth is bounded a message, and the others of its batch are handled', async t => {
  const nested = (levels: number): unknown => levels === 0 ? 1 : [nested(levels - 1)]
  t.equal(one({ channel: '/a', data: nested(63) })?.operation, 'publish')
  const batch = decode(JSON.stringify([{ channel: '/a', id: 1, data: nested(64) }, { channel: '/b', data: 1 }]), limits) as Batch
  t.match((batch.incoming[0] as Malformed).reply, { id: 1, channel: '/a', error: '400::Deeper than 64 levels' })
  t.equal(batch.incoming[1]?.operation, 'publish')
  const monster = '{"channel":"/a","data":' + '['.repeat(100_000) + ']'.repeat(100_000) + '}'
  t.match(((decode(monster, limits) as Batch).incoming[0] as Malformed).reply.error, /^400:/)
})

t.test('a prototype in JSON is refused, however it is spelled, and only in its own message', async t => {
  for (const text of ['{"channel":"/a","data":{"__proto__":{"x":1}}}', '{"channel":"/a","data":{"\\u005f_proto__":{"x":1}}}', '{"channel":"/a","data":1,"constructor":{"prototype":{"x":1}}}']) {
    const batch = decode(`[${text},{"channel":"/b","data":"__proto__"}]`, limits) as Batch
    t.match((batch.incoming[0] as Malformed).reply.error, /^400::Forbidden property/, text)
    t.equal(batch.incoming[1]?.operation, 'publish')
  }
})

t.test('a handshake stands alone', async t => {
  const batch = decode(JSON.stringify([{ channel: '/a', data: 1 }, { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: [] }, { channel: '/b', data: 1 }]), limits) as Batch
  t.strictSame(batch.incoming.map(each => each.operation), ['handshake'])
})

t.test('forms: one or several fields, each an object or an array', async t => {
  const a = '{"channel":"/a","data":1}'
  t.strictSame((decodeForm([a], limits) as Batch).bare, true)
  t.equal((decodeForm([a, `[${a},${a}]`], limits) as Batch).incoming.length, 3)
  t.equal((decodeForm([a, a], limits) as Batch).bare, false)
  t.ok(decodeForm([], limits) instanceof Undecodable)
  t.ok(decodeForm([a, '{'], limits) instanceof Undecodable)
})

const json = fc.jsonValue({ maxDepth: 6 })

t.test('property: decoding any text ends in a batch or a refusal, never in a throw', async () => {
  fc.assert(fc.property(fc.oneof(fc.string(), json.map(value => JSON.stringify(value))), text => {
    const batch = decode(text, limits)
    return batch instanceof Undecodable ? isRefusal(batch.error) : Array.isArray(batch.incoming)
  }), { numRuns: 2000 })
})

t.test('property: whatever a message holds, it is handled as what it is or refused with its own error', async () => {
  const field = fc.oneof(json, fc.constantFrom('/a', '/meta/connect', '/service/x', 'websocket', '1.0', ['websocket']))
  const channel = fc.constantFrom('/meta/handshake', '/meta/connect', '/meta/subscribe', '/meta/unsubscribe', '/meta/disconnect', '/a/b', '/service/x', '/meta/x', 'x')
  const message = fc.record({ channel, id: field, clientId: field, version: field, supportedConnectionTypes: field, connectionType: field, subscription: field, data: field, ext: field }, { requiredKeys: ['channel'] })
  fc.assert(fc.property(fc.array(message, { maxLength: 5 }), messages => {
    const batch = decode(JSON.stringify(messages), limits)
    if (batch instanceof Undecodable) return false
    return batch.incoming.every(each => each.operation === 'malformed'
      ? isRefusal(each.reply.error)
      : requestValidators[each.operation].check(each.message))
  }), { numRuns: 2000 })
})

t.test('property: data comes out as it went in', async () => {
  fc.assert(fc.property(json, data => {
    const incoming = one({ channel: '/a', data })
    if (incoming?.operation !== 'publish') return incoming?.operation === 'malformed'
    const spelled = spellArray([Outgoing.broadcast({ channel: '/a', data: incoming.message.data })])
    return JSON.stringify(JSON.parse(spelled)[0].data) === JSON.stringify(data)
  }))
})

t.test('errors are code:args:text', async t => {
  t.equal(refusal(402, 'abc', 'Unknown client'), '402:abc:Unknown client')
  t.equal(refusal(400, '/a:b'), '400:/a%3Ab:Bad request', 'a colon of a client does not shift the text')
  t.ok(refusal(400, 'x'.repeat(10_000)).length < 300)
  for (const code of Object.keys(errorTexts)) {
    const error = refusal(Number(code) as ErrorCode)
    t.ok(isRefusal(error))
    t.equal(refusalCode(error), Number(code))
  }
  t.notOk(isRefusal('no'))
  t.notOk(isRefusal(undefined))
})

t.test('both spellings, and their schemas', async t => {
  const event = Outgoing.event({ channel: '/service/random', data: 'READY' })
  t.equal(spellArray([event, event]), '[{"channel":"/service/random","data":"READY"},{"channel":"/service/random","data":"READY"}]')
  t.strictSame(spellBare(event, 'Ey3uru0N'), ['{"version":"1.0","channel":"/service/random","data":"READY","clientId":"Ey3uru0N"}'])
  const acknowledged = Outgoing.reply({ channel: '/service/random', successful: true, id: 5 })
  t.strictSame(spellBare(acknowledged, 'x'), ['{"version":"1.0","successful":true,"error":"","id":5}'])
  t.ok(eventValidator.check(JSON.parse(event.json)))
  t.ok(replyValidators.publish.check(JSON.parse(acknowledged.json)))
  t.equal(Outgoing.event({ channel: '/é', data: '😀' }).bytes, Buffer.byteLength('{"channel":"/é","data":"😀"}'))
})
