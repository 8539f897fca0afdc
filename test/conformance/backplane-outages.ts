/** What a backplane does while its bus is away, and when it comes back. */
import { setImmediate as immediate } from 'node:timers/promises'
import type { Test } from 'tap'
import { DEADLINE, until, within } from '../harness/until.js'
import type { Bus } from './backplane.js'
import { everyoneHasHeard, ListeningNode, openNodes } from './listening-node.js'

/** Says everything that a node can say. */
function sayEverything ({ bus }: ListeningNode, to: ListeningNode, text: string): void {
  bus.publish('/a', text)
  bus.publish('/a/b', text)
  bus.shout(text)
  bus.send(to.name, text)
  bus.send('nobody', text)
}

/** Says everything at every moment until the bus is back: also in those when its connection is not quite there yet. */
async function talkUntilUp (node: ListeningNode, to: ListeningNode): Promise<void> {
  for (const end = Date.now() + DEADLINE; !node.isUp && Date.now() < end;) {
    sayEverything(node, to, 'into the air')
    await immediate()
  }
}

async function comesBack (t: Test, bus: Bus): Promise<void> {
  const nodes = await openNodes(t, bus, 2) as [ListeningNode, ListeningNode]
  const [one, other] = nodes
  await Promise.all(['/a', '/a/*', '/a/**', '/gone'].map(each => other.bus.interest(each, true)))
  for (let time = 1; time <= 2; time++) {
    await bus.pause?.()
    sayEverything(one, other, 'on its way')
    await bus.kill()
    sayEverything(one, other, 'into the air')
    await until(() => nodes.every(({ isUp }) => !isUp), 'everyone knows that the bus is gone')
    for (const node of nodes) node.forget()
    for (let number = 0; number < 100; number++) sayEverything(one, other, 'into the air')
    await within(Promise.all([other.bus.interest('/b', true), other.bus.interest('/gone', false), other.bus.interest('/a/*', false), other.bus.interest('/a/*', true)]), 'wishes are noted')
    one.bus.flush().then(() => t.fail('nobody has taken it'), () => {})
    const back = bus.restart()
    await talkUntilUp(one, other)
    await until(() => nodes.every(({ isUp }) => isUp), 'everyone knows that the bus is back')
    await back
    for (const channel of ['/a', '/a/b', '/b', '/gone', '/c']) one.bus.publish(channel, `${time} ${channel}`)
    one.bus.shout(`${time} shout`)
    await everyoneHasHeard(nodes)
    await within(one.bus.flush(), 'everything is taken')
    t.strictSame(other.events.map(({ payload, interest }) => `${payload} ${interest}`).sort(), [`${time} /a /a`, `${time} /a/b /a/*`, `${time} /a/b /a/**`, `${time} /b /b`])
    t.strictSame(other.messages, [`${time} shout`])
    t.strictSame(one.states, [true, ...Array.from({ length: time }, () => [false, true]).flat()])
  }
}

async function beginsLater (t: Test, bus: Bus): Promise<void> {
  const backplanes = [await bus.make(), await bus.make()]
  const nodes = backplanes.map(backplane => new ListeningNode(backplane)) as [ListeningNode, ListeningNode]
  const [one, other] = nodes
  t.after(() => Promise.all(nodes.map(node => node.bus.close())))
  await bus.kill()
  await within(Promise.all(nodes.map(node => node.bus.open(node.name, node))), 'they begin all the same')
  t.strictSame(one.states, [], 'it is still gone')
  await within(other.bus.interest('/a', true), 'a wish is noted')
  sayEverything(one, other, 'into the air')
  await bus.restart()
  await until(() => nodes.every(({ isUp }) => isUp), 'the bus is there')
  one.bus.publish('/a', 'hello')
  await other.arrivalOf(one)
  t.strictSame(other.all, ['hello'])
}

async function endsMeanwhile (t: Test, bus: Bus): Promise<void> {
  const nodes = await openNodes(t, bus, 2) as [ListeningNode, ListeningNode]
  const [one, other] = nodes
  await one.bus.interest('/a', true)
  await bus.kill()
  await until(() => nodes.every(({ isUp }) => !isUp), 'everyone knows that the bus is gone')
  await within(one.bus.close(), 'it ends')
  await bus.restart()
  await until(() => other.isUp, 'the bus is back')
  other.bus.publish('/a', 'to nobody')
  other.bus.send(one.name, 'to nobody')
  await other.missed(one.name)
  t.strictSame(one.all, [])
  t.strictSame(one.states, [true, false])
}

export function outages (t: Test, bus: Bus): void {
  t.test('a bus that breaks and comes back: nothing fails, what was said meanwhile is gone, every interest is there', t => comesBack(t, bus))
  t.test('a node begins while the bus is away', t => beginsLater(t, bus))
  t.test('a node ends while the bus is away', t => endsMeanwhile(t, bus))
}
