/** An array of messages is the text that `JSON.stringify` makes, whatever was spelled before. */
import fc from 'fast-check'
import t from 'tap'
import { spellArray } from '../../lib/protocol/dialect.js'
import { Outgoing } from '../../lib/protocol/outgoing.js'

const messages = [0, 1, 2].flatMap(n => [
  Outgoing.broadcast({ channel: '/a', data: n }),
  Outgoing.event({ channel: '/service/b', data: n }),
  Outgoing.reply({ channel: '/meta/connect', successful: true, id: n })
])

t.test('broadcasts that are joined once', async t => {
  fc.assert(fc.property(fc.array(fc.array(fc.constantFrom(...messages), { maxLength: 6 }), { maxLength: 8 }), lists => {
    for (const list of lists) if (spellArray(list) !== JSON.stringify(list.map(({ message }) => message))) throw new Error(spellArray(list))
  }), { numRuns: 1000 })
  t.pass('all of them')
})
