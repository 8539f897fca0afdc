/** The history in memory: its bounds, and ids that nobody can mistake. */
import t from 'tap'
import { MemoryHistory } from '../../lib/broker/history.js'
import type { EventMessage } from '../../lib/index.js'
import { readOptions } from '../../lib/options/index.js'

function make (limits: { historyBytes?: number, historyChannels?: number } = {}): MemoryHistory {
  return new MemoryHistory(readOptions({ limits }).limits)
}

const kept = (history: MemoryHistory, channel: string) => history.since(channel, -2, 1000)?.events.map(({ event }) => event.data)

t.test('too many bytes: the channel that was published to longest ago is forgotten', async t => {
  const bytes = JSON.stringify({ channel: '/a', data: 'x'.repeat(100) }).length
  const history = make({ historyBytes: 4 * bytes })
  const publish = (channel: string, text: string) => history.append({ channel, data: text.repeat(100) }, { size: 10 })
  const first = publish('/a', 'a')
  publish('/b', 'b')
  publish('/a', 'A')
  publish('/c', 'c')
  publish('/d', 'd')
  t.strictSame(['/a', '/b', '/c', '/d'].map(channel => kept(history, channel)?.map(text => (text as string)[0])), [['a', 'A'], [], ['c'], ['d']])
  t.strictSame(history.channels('/*').sort(), ['/a', '/c', '/d'])
  publish('/e', 'e')
  t.strictSame(kept(history, '/a'), [])
  t.equal(history.since('/a', first, 10), null, 'and who needs it is told')
  for (const channel of ['/a', '/a', '/a', '/a', '/a', '/a']) publish(channel, 'z')
  t.equal(kept(history, '/a')?.length, 4, 'a channel alone loses its oldest')
  t.strictSame(history.channels('/**'), ['/a'])
  publish('/a', 'too much by far '.repeat(10))
  t.strictSame(kept(history, '/a'), [])
})

t.test('too many channels: the same', async t => {
  const history = make({ historyChannels: 3 })
  const before = history.since('/1', -1, 10)?.last as number
  for (let number = 1; number <= 10; number++) history.append({ channel: `/${number}`, data: number }, { size: 10 })
  t.strictSame(history.channels('/*'), ['/8', '/9', '/10'])
  t.equal(history.since('/1', before, 10), null, 'what was published meanwhile is not known any more')
  t.strictSame(kept(history, '/9'), [9])
})

t.test('a channel that was forgotten and comes again: no id of before is taken for one of now', async t => {
  const history = make({ historyChannels: 1 })
  const old = history.append({ channel: '/a', data: 'old' }, { size: 10 })
  history.append({ channel: '/b', data: 1 }, { size: 10 })
  const young = history.append({ channel: '/a', data: 'young' }, { size: 10 })
  t.ok(young > old)
  t.strictSame(history.since('/a', young, 10)?.events, [])
  t.strictSame(kept(history, '/a'), ['young'])
})

t.test('ids of a life before are none of this one', async t => {
  const before = make()
  const ids = Array.from({ length: 100 }, (_, data) => before.append({ channel: '/a', data }, { size: 100 }))
  const next = Date.now() + 1
  while (Date.now() < next);
  const now = make()
  for (let data = 0; data < 200; data++) now.append({ channel: '/a', data }, { size: 1000 })
  for (const id of [1, ids[0], ids[99]]) t.equal(now.since('/a', id as number, 10), null)
})

t.test('what was read once is the same object ever after', async t => {
  const history = make()
  history.append({ channel: '/a', data: { x: 1 } } as EventMessage, { size: 3 })
  t.equal(history.since('/a', -2, 1)?.events[0], history.since('/a', -2, 5)?.events[0])
  history.close()
  t.strictSame(kept(history, '/a'), [])
})
