/** Every history through the suite of its port: in memory, one that is far away, in JetStream, and in Redis with both drivers. */
import { connect } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import t from 'tap'
import { MemoryHistory } from '../../lib/broker/history.js'
import { natsHistory } from '../../lib/nats.js'
import { readOptions } from '../../lib/options/index.js'
import { redisHistory } from '../../lib/redis.js'
import { DistantHistory } from '../harness/distant-history.js'
import { startNatsServer, withNatsServer } from '../harness/nats-server.js'
import { startRedisServer, withRedisServer } from '../harness/redis-server.js'
import { historySuite } from './history.js'
import { sharedHistorySuite } from './shared-history.js'

const { limits } = readOptions()

historySuite({ name: 'in memory', make: () => new MemoryHistory(limits) })
historySuite({ name: 'far away', make: () => new DistantHistory(), runs: 10 })

withNatsServer(t, async (t, program) => {
  const server = await startNatsServer(t, program, { jetStream: true })
  const options = { servers: `127.0.0.1:${server.port}`, reconnectTimeWait: 50, maxReconnectAttempts: -1 }
  const connection = await connect(options)
  t.teardown(() => connection.close())
  let stores = 0
  const maxBytes = 2 ** 20
  const make = () => natsHistory({ connection, prefix: `alone-${++stores}`, stream: `ALONE_${stores}`, maxBytes })
  historySuite({ name: 'in JetStream', make, runs: 5 }, t)

  const open = async (store: string, timeout?: number) => {
    const connection = await connect(options)
    t.teardown(() => connection.close())
    return natsHistory({ connection, prefix: store, stream: store, maxBytes, ...timeout === undefined ? {} : { timeout } })
  }
  sharedHistorySuite({ name: 'in JetStream', server, open }, t)
})

withRedisServer(t, async (t, program) => {
  const server = await startRedisServer(t, program, { keeps: true })
  const silent = () => {}
  const drivers = {
    redis: async () => {
      const client = createClient({ socket: { host: '127.0.0.1', port: server.port, reconnectStrategy: 50 } })
      client.on('error', silent)
      await client.connect()
      t.teardown(() => client.destroy())
      return client
    },
    ioredis: async () => {
      const client = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 50 })
      client.on('error', silent)
      t.teardown(() => client.disconnect())
      return client
    }
  }
  for (const [driver, connected] of Object.entries(drivers)) {
    const client = await connected()
    let stores = 0
    historySuite({ name: `in Redis, with ${driver}`, make: () => redisHistory({ client, prefix: `${driver}-${++stores}` }), runs: 10 }, t)

    const open = async (store: string, timeout?: number) => redisHistory({ client: await connected(), prefix: `${driver}-${store}`, ...timeout === undefined ? {} : { timeout } })
    sharedHistorySuite({ name: `in Redis, with ${driver}`, server, open }, t)
  }
})
