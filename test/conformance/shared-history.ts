/** What every history must do that several nodes share: run with `sharedHistorySuite`, after `historySuite`. */
import fc from 'fast-check'
import type { Test } from 'tap'
import type { Appended, History } from '../../lib/index.js'
import type { RestartableServer } from '../harness/restartable-server.js'
import { until } from '../harness/until.js'
import { dataOf, readOn } from './history.js'

/** A shared history, as the suite wants it. */
export interface SharedHistoryCase {
  readonly name: string
  /** Where it is kept. The suite kills it, and starts it again. */
  readonly server: RestartableServer
  /**
   * A node's own way to a store, over a connection of its own.
   * @param store histories of one name share their events; of another they have nothing in common
   * @param timeout ms until it gives up
   */
  readonly open: (store: string, timeout?: number) => Promise<History>
}

const NODES = ['ada', 'bob']

async function append (history: History, data: unknown, size = 1000, ttl?: number): Promise<Appended> {
  return await history.append({ channel: '/a', data }, ttl === undefined ? { size } : { size, ttl }) as Appended
}

/** Runs the suite for one history, as a part of a test. */
export function sharedHistorySuite ({ name, server, open }: SharedHistoryCase, whole: Test): void {
  let stores = 0
  const two = async () => {
    const store = `shared-${++stores}`
    return await Promise.all(NODES.map(() => open(store))) as [History, History]
  }

  whole.test(`${name}, shared`, async t => {
    t.test('nodes that append at once: ids are unique, and each event knows the one before it', async t => {
      const turns = fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 6 })
      await fc.assert(fc.asyncProperty(turns, async turns => {
        const nodes = await two()
        const kept: (Appended & { data: string })[] = []
        await Promise.all(NODES.map(async (node, at) => {
          for (const [turn, [who, count]] of turns.entries()) {
            for (let each = 0; each < (who === at ? count : 1); each++) {
              const data = `${node} ${turn} ${each}`
              kept.push({ ...await append(nodes[at] as History, data), data })
            }
          }
        }))
        t.equal(nodes[0].shared, true)
        kept.sort((one, other) => one.id - other.id)
        for (const [at, { id, before }] of kept.entries()) {
          if (at === 0) t.ok(before < id, 'the first comes after nothing')
          else t.equal(before, kept[at - 1]?.id, 'the one before it')
        }
        const data = kept.map(({ data }) => data)
        for (const node of nodes) {
          t.strictSame(dataOf(await readOn(node, '/a', -2, 3)), data)
          for (const [at, { id }] of kept.entries()) t.strictSame(dataOf(await readOn(node, '/a', id, 4)), data.slice(at + 1))
          t.strictSame(dataOf(await readOn(node, '/a', kept[0]?.before as number, 100)), data)
        }
        await Promise.all(nodes.map(node => node.close()))
      }), { numRuns: 10 })
    })

    t.test('what one keeps is what another reads, no more and no longer', async t => {
      const [one, other] = await two()
      for (let data = 1; data <= 12; data++) await append(one, data, 5)
      t.strictSame(dataOf(await readOn(other, '/a', -2, 2)), [8, 9, 10, 11, 12])
      await append(other, 13, 3)
      t.strictSame(dataOf(await readOn(one, '/a', -2, 100)), [11, 12, 13])
      const { id } = await append(one, 14, 10, 5)
      await until(async () => (await other.since('/a', id - 1, 10))?.events.length !== 1, 'it is too old')
      t.strictSame(await other.channels('/*'), ['/a'])
      const next = await append(other, 15, 10)
      t.ok(next.before >= id)
      t.strictSame(dataOf(await readOn(one, '/a', id, 10)), [15])
      await Promise.all([one, other].map(node => node.close()))
    })

    t.test('a server that is killed has all that was acknowledged; while it is away nothing hangs, and then all goes on', async t => {
      const store = `shared-${++stores}`
      const history = await open(store, 1000)
      const kept = [await append(history, 'first'), await append(history, 'second')]
      await server.kill()
      await t.rejects(append(history, 'refused'))
      await t.rejects(Promise.resolve(history.since('/a', -2, 10)))
      await t.rejects(Promise.resolve(history.channels('/*')))
      await server.start()
      await until(async () => {
        const appended = await append(history, 'back').catch(() => null)
        if (appended !== null) kept.push(appended)
        return appended !== null
      }, 'it keeps events again')
      const later = await open(store)
      // The server may get what was refused when the connection is back: the publisher knows that it is not known.
      const known = new Set(kept.map(({ id }) => id))
      for (const node of [history, later]) {
        const all = await readOn(node, '/a', -2, 2)
        t.strictSame(all?.filter(({ id }) => known.has(id)).map(({ event }) => event.data), ['first', 'second', 'back'])
        t.strictSame((await readOn(node, '/a', kept[1]?.id as number, 2))?.at(-1)?.id, kept[2]?.id)
      }
      t.ok((await append(later, 'later')).before >= (kept[2]?.id as number))
      await Promise.all([history, later].map(node => node.close()))
    })

    t.test('a server that is killed in the middle: what is acknowledged is there, nothing is there twice, and ids grow', async t => {
      const [one, other] = await two()
      const kept = new Map<string, number>()
      const over = new AbortController()
      const busy = NODES.map(async (node, at) => {
        for (let each = 0; !over.signal.aborted; each++) {
          const data = `${node} ${each}`
          const appended = await append(at === 0 ? one : other, data, 100_000).catch(() => null)
          if (appended !== null) kept.set(data, appended.id)
        }
      })
      const moreThan = (count: number) => until(() => kept.size > count, `more than ${count} are kept`)
      await moreThan(20)
      await server.kill()
      await server.start()
      await moreThan(kept.size + 20)
      over.abort()
      await Promise.all(busy)
      const all = await readOn(one, '/a', -2, 50) ?? []
      const found = new Map(all.map(({ id, event }) => [event.data, id]))
      t.equal(found.size, all.length, 'nothing twice')
      t.strictSame([...kept].filter(([data, id]) => found.get(data) !== id), [], 'all that was acknowledged')
      await Promise.all([one, other].map(node => node.close()))
    })
  })
}
