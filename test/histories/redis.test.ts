/** What is only true of the history in Redis. */
import { Cluster, Redis } from 'ioredis'
import { createCluster } from 'redis'
import t, { type Test } from 'tap'
import type { Appended, History } from '../../lib/index.js'
import { redisHistory, type RedisHistoryOptions } from '../../lib/redis.js'
import { dataOf, readOn } from '../conformance/history.js'
import { startRedisServer, withRedisServer } from '../harness/redis-server.js'
import { startRestartable } from '../harness/restartable-server.js'
import { until } from '../harness/until.js'

async function append (history: History, data: unknown, channel = '/a', ttl?: number): Promise<Appended> {
  return await history.append({ channel, data }, ttl === undefined ? { size: 100 } : { size: 100, ttl }) as Appended
}

t.test('what is no client', async t => {
  for (const client of [undefined, null, 'redis://localhost', {}]) t.throws(() => redisHistory({ client: client as never }), TypeError)
})

withRedisServer(t, async (t, program) => {
  const server = await startRedisServer(t, program)
  const client = new Redis(server.port, '127.0.0.1')
  t.teardown(() => client.disconnect())
  const make = (t: Test, options: Partial<RedisHistoryOptions> = {}) => redisHistory({ client, prefix: t.name, ...options })

  t.test('Redis that has lost everything: ids grow all the same, and who missed something is told', async t => {
    const history = make(t)
    const [first, second] = [await append(history, 1), await append(history, 2)]
    await client.flushall()
    t.equal(await history.since('/a', first.id, 10), null)
    const next = await append(history, 3)
    t.ok(next.id > second.id)
    t.equal(await history.since('/a', first.id, 10), null)
    t.strictSame(dataOf(await readOn(history, '/a', -2, 10)), [3])
  })

  t.test('Redis that does not know the scripts any more', async t => {
    const history = make(t)
    await append(history, 1)
    await client.script('FLUSH')
    t.strictSame(dataOf(await readOn(history, '/a', -2, 10)), [1])
  })

  t.test('a driver that sends an append again: it is kept once', async t => {
    const twice = (send: (...args: never[]) => Promise<unknown>) => async (...args: never[]) => {
      await send(...args)
      return await send(...args)
    }
    const resending = { status: 'ready', once: () => {}, evalsha: twice(client.evalsha.bind(client) as never), eval: twice(client.eval.bind(client) as never) }
    const history = make(t, { client: resending as never })
    const appended = [await append(history, 1), await append(history, 2), await append(history, 3)]
    t.strictSame(await readOn(history, '/a', -2, 10), [1, 2, 3].map((data, at) => ({ id: appended[at]?.id, event: { channel: '/a', data } })))
  })

  t.test('the channel that was published to longest ago is forgotten when there are too many', async t => {
    const history = make(t, { maxChannels: 2 })
    const { id } = await append(history, 1, '/old')
    for (const channel of ['/a', '/b', '/a']) {
      await append(history, 1, channel)
      // The order is that of the clock, in ms.
      const now = Date.now()
      await until(() => Date.now() > now, 'the clock goes on')
    }
    t.strictSame((await history.channels('/**') as string[]).sort(), ['/a', '/b'])
    t.strictSame((await history.since('/old', -2, 10))?.events, [])
    t.equal(await history.since('/old', id, 10), null)
    await append(history, 1, '/c')
    t.strictSame((await history.channels('/**') as string[]).sort(), ['/a', '/c'])
  })

  t.test('where events have a ttl, Redis drops them by itself, and what is known of their channel later', async t => {
    const history = make(t)
    await append(history, 1, '/a', 60_000)
    const [standing, events] = [`${t.name}-history:{/a}`, `${t.name}-history:{/a}:events`]
    const ttl = await client.pttl(events)
    t.ok(ttl > 0 && ttl <= 60_000)
    t.ok(await client.pttl(standing) > 60_000)
    await client.zadd(`${t.name}-history:channels`, 1, '/expired')
    t.strictSame(await history.channels('/*'), ['/a'])
    await append(history, 2)
    t.equal(await client.pttl(events), -1, 'this one stays')
    t.equal(await client.zscore(`${t.name}-history:channels`, '/expired'), null)
  })

  t.test('what is too old goes when its channel is looked at, where younger events stay', async t => {
    const history = make(t)
    const [{ id }] = await Promise.all([append(history, 'short', '/a', 50), append(history, 'long')])
    await until(async () => dataOf(await readOn(history, '/a', -2, 10))?.join() === 'long', 'the first is gone')
    t.equal(await history.since('/a', id - 1, 10), null)
    t.equal(await client.xlen(`${t.name}-history:{/a}:events`), 1)
  })

  t.test('a client that does not come back', async t => {
    const away = new Redis(server.port, '127.0.0.1', { retryStrategy: () => null })
    const history = make(t, { client: away, timeout: 50 })
    await append(history, 1)
    away.disconnect()
    await until(() => away.status === 'end', 'it has gone')
    await t.rejects(append(history, 2), /in time/)
    await t.rejects(Promise.resolve(history.since('/a', -2, 10)), /in time/)
  })

  t.test('a client that connects with its first command', async t => {
    const lazy = new Redis(server.port, '127.0.0.1', { lazyConnect: true })
    t.teardown(() => lazy.disconnect())
    const history = make(t, { client: lazy })
    await append(history, 1)
    await history.close()
    t.equal(lazy.status, 'ready', 'it is the application\'s')
  })
})

withRedisServer(t, async (t, program) => {
  const server = await startRestartable(t, (port, folder) => [program, '--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'])
  const client = new Redis(server.port, '127.0.0.1')
  await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await until(async () => String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), 'the cluster is there')
  client.disconnect()
  const drivers = {
    redis: async (t: Test) => {
      const cluster = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${server.port}` }] })
      cluster.on('error', () => {})
      await cluster.connect()
      t.teardown(() => cluster.destroy())
      return cluster
    },
    ioredis: async (t: Test) => {
      const cluster = new Cluster([{ host: '127.0.0.1', port: server.port }])
      t.teardown(() => cluster.disconnect())
      return cluster
    }
  }
  for (const [driver, connected] of Object.entries(drivers)) {
    t.test(`a cluster, with ${driver}`, async t => {
      const history = redisHistory({ client: await connected(t), prefix: driver, maxChannels: 2 })
      for (const channel of ['/a', '/b', '/c', '/c']) await append(history, channel, channel)
      t.equal((await history.channels('/**')).length, 2)
      t.strictSame(dataOf(await readOn(history, '/c', -2, 10)), ['/c', '/c'])
    })
  }
})
