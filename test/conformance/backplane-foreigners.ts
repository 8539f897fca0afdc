/** What a backplane does with others who use the same server. */
import type { Test } from 'tap'
import type { Bus } from './backplane.js'
import { everyoneHasHeard, ListeningNode, openNodes } from './listening-node.js'

export function foreigners (t: Test, bus: Bus, { publish, nameOf, noChannels }: NonNullable<Bus['server']>): void {
  t.test('who knows the bus can publish; what is no text or of no channel hurts nobody', async t => {
    const [one, other] = await openNodes(t, bus, 2) as [ListeningNode, ListeningNode]
    await Promise.all(['/a/b', '/**'].map(each => other.bus.interest(each, true)))
    await publish(nameOf('/a/b'), Buffer.from('schön'))
    await publish(nameOf('/a/b'), Buffer.from([0xff, 0x41, 0xc3, 0x00]))
    for (const name of noChannels) await publish(name, Buffer.from('nowhere'))
    await publish(nameOf('/end'), Buffer.from('end'))
    await other.heardOf('end')
    t.strictSame(other.events.filter(({ interest }) => interest === '/a/b').map(({ payload }) => payload), ['schön', '\uFFFDA\uFFFD\0'])
    t.strictSame(other.events.filter(({ interest }) => interest !== '/a/b').map(({ channel }) => channel), ['/a/b', '/a/b', '/end'])
    await everyoneHasHeard([one, other])
  })

  t.test('gateways with different prefixes do not hear each other', async t => {
    const [ours] = await openNodes(t, bus, 1) as [ListeningNode]
    const [theirs, theirs2] = await openNodes(t, bus, 2, 'other') as [ListeningNode, ListeningNode]
    const nodes = [ours, theirs, theirs2]
    await Promise.all(nodes.map(node => node.bus.interest('/**', true)))
    theirs.bus.publish('/a', 'theirs')
    theirs.bus.shout('theirs')
    ours.bus.publish('/a', 'ours')
    ours.bus.shout('ours')
    ours.bus.send(theirs.name, 'to a stranger')
    await theirs2.arrivalOf(theirs)
    await ours.missed(theirs.name)
    t.strictSame(theirs2.all, ['theirs', 'theirs'])
    t.strictSame(ours.all.filter(text => text !== 'ours'), [])
  })
}
