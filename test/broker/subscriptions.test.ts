/** Who gets an event, however subscriptions and publishes follow one another, and whatever was asked before. */
import fc from 'fast-check'
import t from 'tap'
import { interestKeys } from '../../lib/protocol/channel.js'
import { Outgoing } from '../../lib/protocol/outgoing.js'
import { Subscriptions, type Subscriber } from '../../lib/broker/subscriptions.js'

const channels = ['/a', '/a/b', '/a/c', '/b/b/c']
const keys = [...new Set(channels.flatMap(interestKeys))]
const step = fc.oneof(
  fc.record({ does: fc.constantFrom('add' as const, 'remove' as const), key: fc.constantFrom(...keys), who: fc.nat({ max: 2 }) }),
  fc.record({ does: fc.constant('publish' as const), channel: fc.constantFrom(...channels) })
)

t.test('everybody interested, once each', async t => {
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), steps => {
    const subscriptions = new Subscriptions()
    let got: number[] = []
    const subscribers = [0, 1, 2].map((who): Subscriber => ({ stamp: 0, take: () => got.push(who) }))
    const wanted = [0, 1, 2].map(() => new Set<string>())
    for (const step of steps) {
      if (step.does === 'publish') {
        got = []
        const expected = [0, 1, 2].filter(who => interestKeys(step.channel).some(key => wanted[who]?.has(key)))
        if (subscriptions.interested(step.channel) !== expected.length) throw new Error('counted wrongly')
        subscriptions.fanOut(step.channel, Outgoing.broadcast({ channel: step.channel, data: null }), null)
        if (got.sort().join() !== expected.join()) throw new Error(`${got} instead of ${expected}`)
      } else {
        subscriptions[step.does](step.key, subscribers[step.who] as Subscriber)
        wanted[step.who]?.[step.does === 'add' ? 'add' : 'delete'](step.key)
      }
    }
  }))
  t.pass('all of them')
})
