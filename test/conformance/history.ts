/** What every history must do: run with `historySuite`, one at a time. */
import fc from 'fast-check'
import tap, { type Test } from 'tap'
import type { Appended, EventMessage, History, KeptEvent } from '../../lib/index.js'
import { until } from '../harness/until.js'

/** A history, as the suite wants it. */
export interface HistoryCase {
  readonly name: string
  /** A new one, with nothing in it. */
  readonly make: () => History | Promise<History>
  /** Runs of each property; fewer where the store is far away. */
  readonly runs?: number
}

const FAR = 1_000_000

/** Everything after an id, page by page. */
export async function readOn (history: History, channel: string, after: number, limit: number): Promise<KeptEvent[] | null> {
  const all: KeptEvent[] = []
  for (;;) {
    const page = await history.since(channel, after, limit)
    if (page === null) return null
    all.push(...page.events)
    if (page.events.length < limit) return all
    after = page.last
  }
}

/** The id of an event that was kept. */
export function idOf (appended: number | Appended): number {
  return typeof appended === 'number' ? appended : appended.id
}

async function publish (history: History, channel: string, size: number, count: number): Promise<number[]> {
  const ids: number[] = []
  for (let data = 1; data <= count; data++) ids.push(idOf(await history.append({ channel, data } as EventMessage, { size })))
  return ids
}

/** The data of events. */
export const dataOf = (events: readonly KeptEvent[] | null) => events?.map(({ event }) => event.data)

/** Runs the suite for one history, as a part of a test where there is one. */
export function historySuite ({ name, make, runs = 50 }: HistoryCase, whole: Test = tap): void {
  whole.test(name, async t => {
    t.test('an event comes back as it was when it was kept', async t => {
      const history = await make()
      const data = { text: 'schön', list: [1, null, { deep: true }] }
      const appended = history.append({ channel: '/a', data, id: 'x', ext: { from: 'ada' } }, { size: 5 })
      data.text = 'changed later'
      const id = idOf(await appended)
      t.ok(Number.isSafeInteger(id) && id >= 1, 'an id')
      const page = await history.since('/a', -2, 10)
      t.strictSame(page?.events, [{ id, event: { channel: '/a', data: { text: 'schön', list: [1, null, { deep: true }] }, id: 'x', ext: { from: 'ada' } } }])
      t.equal(page?.last, id)
      await history.close()
    })

    t.test('ids grow, the newest are kept, and everything after an id is found, page by page', async t => {
      await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 15 }), fc.integer({ min: 1, max: 5 }), async (size, count, limit) => {
        const history = await make()
        const ids = await publish(history, '/a', size, count)
        await publish(history, '/b', 3, 2)
        const numbers = Array.from({ length: count }, (_, index) => index + 1)
        const kept = Math.min(size, count)
        t.strictSame(ids, [...ids].sort((one, other) => one - other))
        t.equal(new Set(ids).size, count)
        t.strictSame(dataOf(await readOn(history, '/a', -2, limit)), numbers.slice(count - kept))
        t.strictSame(dataOf(await readOn(history, '/a', -1, limit)), [])
        for (const [index, id] of ids.entries()) {
          const found = dataOf(await readOn(history, '/a', id, limit))
          const dropped = count - kept - index - 1
          // Of the last that was dropped nothing is missing after it; a store need not know that any more.
          if (dropped > 0) t.equal(found, undefined, 'something after it was dropped')
          else if (dropped < 0 || found !== undefined) t.strictSame(found, numbers.slice(index + 1))
        }
        await history.close()
      }), { numRuns: runs })
    })

    t.test('where a channel stands misses nothing, also where nothing was ever published', async t => {
      const history = await make()
      for (const from of [-1, -2]) {
        const channel = `/empty${from}`
        const page = await history.since(channel, from, 10)
        t.strictSame(page?.events, [])
        await publish(history, channel, 10, 3)
        t.strictSame(dataOf(await readOn(history, channel, page?.last as number, 2)), [1, 2, 3])
        const standing = await history.since(channel, -1, 10)
        await publish(history, channel, 10, 2)
        t.strictSame(dataOf(await readOn(history, channel, standing?.last as number, 10)), [1, 2])
      }
      await history.close()
    })

    t.test('an id that was not given yet is none', async t => {
      const history = await make()
      const [id] = await publish(history, '/a', 5, 1)
      t.equal(await history.since('/a', id as number + FAR, 10), null)
      t.strictSame(dataOf(await readOn(history, '/a', id as number, 10)), [])
      await history.close()
    })

    t.test('the channels under a pattern', async t => {
      const history = await make()
      const channels = ['/a', '/a/b', '/a/c', '/a/b/c', '/b']
      for (const channel of channels) await publish(history, channel, 2, 3)
      for (const [pattern, expected] of [['/**', channels], ['/*', ['/a', '/b']], ['/a/*', ['/a/b', '/a/c']], ['/a/**', ['/a/b', '/a/c', '/a/b/c']], ['/x/*', []]] as const) {
        t.strictSame([...await history.channels(pattern)].sort(), [...expected].sort(), pattern)
      }
      await history.close()
    })

    t.test('what is too old is gone, and who needs it is told', async t => {
      const history = await make()
      const ids: number[] = []
      for (let data = 1; data <= 3; data++) ids.push(idOf(await history.append({ channel: '/a', data }, { size: 10, ttl: 5 })))
      await until(async () => (await history.since('/a', -2, 10))?.events.length === 0, 'all are too old')
      t.equal(await history.since('/a', ids[0] as number, 10), null)
      const standing = await history.since('/a', -1, 10)
      await history.append({ channel: '/a', data: 4 }, { size: 10 })
      t.strictSame(dataOf(await readOn(history, '/a', standing?.last as number, 10)), [4])
      await history.close()
    })
  })
}
