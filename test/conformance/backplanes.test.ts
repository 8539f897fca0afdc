/** Every backplane through the suite of its port: the one in the process, and those over real servers. */
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import t, { type Test } from 'tap'
import { localBus, type LocalNode } from '../../lib/index.js'
import { nats } from '../../lib/nats.js'
import { redis, type RedisClient } from '../../lib/redis.js'
import { startNatsServer, withNatsServer } from '../harness/nats-server.js'
import { startRedisServer, withRedisServer } from '../harness/redis-server.js'
import { until } from '../harness/until.js'
import { backplaneSuite, type Bus } from './backplane.js'

backplaneSuite(t, {
  name: 'in the process',
  start: () => {
    const bus = localBus()
    const nodes: LocalNode[] = []
    const make = () => {
      const node = bus.node()
      nodes.push(node)
      return node
    }
    return { make, kill: () => nodes.forEach(node => node.cut()), restart: () => nodes.forEach(node => node.mend()) }
  }
})

withNatsServer(t, async (t, program) => {
  backplaneSuite(t, {
    name: 'NATS',
    start: async t => {
      const server = await startNatsServer(t, program)
      const servers = `127.0.0.1:${server.port}`
      const connections = [await connect({ servers, reconnectTimeWait: 20, maxReconnectAttempts: -1 })]
      t.after(() => Promise.all(connections.map(each => each.close())))
      return {
        make: async prefix => {
          const connection = await connect({ servers, reconnectTimeWait: 20, maxReconnectAttempts: -1 })
          connections.push(connection)
          return nats({ connection, ...prefix === undefined ? {} : { prefix } })
        },
        pause: () => server.pause(),
        kill: () => server.kill(),
        restart: () => server.start(),
        server: {
          publish: async (name, bytes) => {
            const [stranger] = connections as [NatsConnection]
            await until(() => stranger.flush().then(() => true, () => false), 'the stranger is back')
            stranger.publish(name, bytes)
          },
          nameOf: channel => `bayeux${channel.replaceAll('/', '.')}`,
          noChannels: ['bayeux.é', 'bayeux.a/b', 'bayeux.a.*', 'bayeux.a.>', 'bayeux.a%b'],
          useConnections: () => Promise.all(connections.map(each => each.flush()))
        }
      }
    }
  })
})

/** Clients that are handed in, by the driver; each ends with the test. */
const redisClients: Record<string, (t: Test, port: number) => Promise<RedisClient>> = {
  'node-redis': async (t, port) => {
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 20 } })
    t.after(() => client.destroy())
    return client.connect()
  },
  ioredis: async (t, port) => {
    const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20, keyPrefix: 'keys:' })
    t.after(() => client.disconnect())
    return client
  }
}

async function startRedis (t: Test, program: string, makeClient: (t: Test, port: number) => Promise<RedisClient>): Promise<Bus> {
  const server = await startRedisServer(t, program)
  const publisher = createClient({ socket: { host: '127.0.0.1', port: server.port, reconnectStrategy: 20 } })
  publisher.on('error', () => {})
  await publisher.connect()
  t.after(() => publisher.destroy())
  const clients: RedisClient[] = []
  return {
    make: async prefix => {
      const client = await makeClient(t, server.port)
      clients.push(client)
      return redis({ client, ...prefix === undefined ? {} : { prefix } })
    },
    pause: () => server.pause(),
    kill: () => server.kill(),
    restart: () => server.start(),
    server: {
      publish: (name, bytes) => publisher.publish(Buffer.from(name), Buffer.from(bytes)),
      nameOf: channel => `bayeux:${channel}`,
      noChannels: ['bayeux:/é', 'bayeux:/', 'bayeux:/a/', 'bayeux:/a//b', 'bayeux:/a/*', 'bayeux:/a b'],
      useConnections: () => Promise.all(clients.map(client => client.ping()))
    }
  }
}

withRedisServer(t, async (t, program) => {
  for (const [name, makeClient] of Object.entries(redisClients)) {
    backplaneSuite(t, { name, start: t => startRedis(t, program, makeClient), runs: 20 })
  }
})
