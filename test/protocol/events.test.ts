import fc from 'fast-check'
import t from 'tap'
import { spellArray, spellBare } from '../../lib/protocol/dialect.js'
import { Envelope, Events } from '../../lib/protocol/events.js'
import { Outgoing } from '../../lib/protocol/outgoing.js'

// What could be taken for the end of a text, often.
const tricky = fc.array(fc.constantFrom('"', ',', '\\', '","', '\\"', '"}', 'a', 'é', '\u2028', '\ud800', '😀', '\n', ''), { maxLength: 8 }).map(parts => parts.join(''))
const data = fc.oneof(tricky, fc.string({ unit: 'binary' }), fc.jsonValue())
const envelopes = fc.constantFrom(new Envelope('/service/line'), new Envelope('/service/bytes', { binary: {} }))

t.test('events that leave together say what they say one by one, in both dialects', async t => {
  t.ok(fc.assert(fc.property(envelopes, fc.oneof(fc.array(tricky, { minLength: 1 }), fc.array(data, { minLength: 1 })), (envelope, all) => {
    const together = new Events(envelope, all)
    const alone = all.map(each => Outgoing.event(envelope.message(each)))
    const expected = spellArray(alone)
    if (spellArray([together]) !== expected) throw new Error(`${spellArray([together])} is not ${expected}`)
    if (together.bytes !== Buffer.byteLength(together.json)) throw new Error(`${together.bytes} bytes are not ${Buffer.byteLength(together.json)}`)
    const bare = alone.flatMap(each => spellBare(each, 'abc'))
    if (JSON.stringify(spellBare(together, 'abc')) !== JSON.stringify(bare)) throw new Error(`${spellBare(together, 'abc')} is not ${bare}`)
    if (JSON.stringify(together.each().map(({ json }) => json)) !== JSON.stringify(alone.map(({ json }) => json))) throw new Error('each is something else')
  }), { numRuns: 2000 }) === undefined)
})

t.test('what JSON cannot say is null, and hurts no other event', async t => {
  const events = new Events(new Envelope('/service/line'), ['a', undefined, 'b'])
  t.strictSame(JSON.parse(spellArray([events])).map(({ data }: { data: unknown }) => data), ['a', null, 'b'])
})
