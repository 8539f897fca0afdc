/** A reply that is joined out of its parts is the text that `JSON.stringify` makes. */
import fc from 'fast-check'
import t from 'tap'
import type { ReplyMessage } from '../../lib/protocol/message.js'
import { spellReply } from '../../lib/protocol/reply-text.js'

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('/a/b', '"', '\\', '\u2028', '\ud800', '\x7f', '__proto__'))
const advice = fc.record({ reconnect: fc.constantFrom('retry', 'handshake', 'none'), interval: fc.nat(), timeout: fc.nat() }, { requiredKeys: ['reconnect'] })
const usual = { channel: text, successful: fc.boolean(), id: fc.oneof(text, fc.integer(), fc.double()), clientId: text, advice }
const reply = fc.record(usual, { requiredKeys: ['successful'] }) as fc.Arbitrary<ReplyMessage>
const more = fc.record({ error: text, ext: fc.object(), subscription: text, data: fc.jsonValue() }, { requiredKeys: [] })

t.test('the usual reply', async t => {
  fc.assert(fc.property(reply, reply => spellReply(reply) === JSON.stringify(reply)))
  fc.assert(fc.property(reply, reply => spellReply({ ...reply, id: undefined }) === JSON.stringify({ ...reply, id: undefined })))
  t.pass('all of them')
})

t.test('a reply that says more', async t => {
  fc.assert(fc.property(reply, more, (reply, more) => spellReply({ ...reply, ...more }) === JSON.stringify({ ...reply, ...more })))
  t.pass('all of them')
})

t.test('advice is never that of another reply', async t => {
  const one = { successful: true, advice: { reconnect: 'retry' as const, interval: 0 } }
  const other = { successful: true, advice: { reconnect: 'retry' as const, interval: 5 } }
  for (const each of [one, other, one, { successful: true }]) t.equal(spellReply(each), JSON.stringify(each))
})
