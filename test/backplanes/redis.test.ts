/** The backplane over Redis, beyond what every backplane does. */
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import t from 'tap'
import { redis, type RedisClient } from '../../lib/redis.js'
import { ListeningNode } from '../conformance/listening-node.js'
import { startRedisServer, withRedisServer } from '../harness/redis-server.js'
import { until, within } from '../harness/until.js'

t.test('a client is one of a driver that is known, a prefix one of names', async t => {
  const client = createClient()
  const cluster = new Cluster([], { lazyConnect: true })
  for (const wrong of [{}, createCluster({ rootNodes: [] }), cluster]) t.throws(() => redis({ client: wrong as unknown as RedisClient }), TypeError)
  for (const prefix of ['', 'a b', 'a*', 'a?', '[a]', 'a\\', '/a', 'é']) t.throws(() => redis({ client, prefix }), TypeError, prefix)
  t.doesNotThrow(() => redis({ client, prefix: 'acme:prod-1.chat_2' }))
})

withRedisServer(t, async (t, program) => {
  const { port } = await startRedisServer(t, program)
  const admin = await createClient({ socket: { host: '127.0.0.1', port } }).connect()
  t.after(() => admin.destroy())
  await admin.sendCommand(['ACL', 'SETUSER', 'one', 'on', '>secret', '+@all', 'resetchannels', '&bayeux-nodes:*', '&bayeux:/a'])
  const clientsOf = (password: string): Record<string, RedisClient> => ({
    'node-redis': createClient({ username: 'one', password, socket: { host: '127.0.0.1', port, reconnectStrategy: 20 } }),
    ioredis: new Redis({ host: '127.0.0.1', port, username: 'one', password, lazyConnect: true, retryStrategy: () => 20 })
  })

  for (const [driver, client] of Object.entries(clientsOf('secret'))) {
    t.test(`${driver}: what the server refuses is said, and the rest goes on`, async t => {
      // It is handed in without a connection.
      const node = await new ListeningNode(redis({ client })).open()
      t.after(() => node.bus.close())
      await within(Promise.all(['/a', '/secret', '/**'].map(each => node.bus.interest(each, true))), 'the server has answered')
      node.bus.publish('/secret', 'nowhere')
      node.bus.publish('/a', 'there')
      await node.heardOf('there')
      await until(() => node.troubles.length >= 3, 'everything is said')
      t.strictSame(node.troubles.map(({ message }) => message.slice(0, 'NOPERM'.length)), ['NOPERM', 'NOPERM', 'NOPERM'])
      await node.bus.interest('/secret', false)
      t.strictSame(node.all, ['there'])
      // It comes back without what is refused.
      await admin.sendCommand(['CLIENT', 'KILL', 'USER', 'one'])
      await until(() => node.states.length === 3 && node.isUp, 'it is back')
      node.bus.publish('/a', 'there again')
      await node.heardOf('there again')
    })
  }

  for (const [driver, client] of Object.entries(clientsOf('wrong'))) {
    t.test(`${driver}: a node begins though it is not let in, says so, and can end`, async t => {
      const node = new ListeningNode(redis({ client }))
      await within(node.bus.open(node.name, node), 'it begins')
      await until(() => node.troubles.some(({ message }) => /WRONGPASS/.test(message)), 'it is said')
      t.strictSame(node.states, [])
      await within(node.bus.close(), 'it ends')
    })
  }
})
