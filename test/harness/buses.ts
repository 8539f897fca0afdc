/** The real buses that nodes meet on, with the histories that they share there. */
import { connect } from '@nats-io/transport-node'
import { createClient } from 'redis'
import type { Test } from 'tap'
import type { Backplane, History } from '../../lib/index.js'
import { nats, natsHistory } from '../../lib/nats.js'
import { redis, redisHistory } from '../../lib/redis.js'
import type { Cleaning } from './installed-server.js'
import { startNatsServer, withNatsServer } from './nats-server.js'
import { startRedisServer, withRedisServer } from './redis-server.js'
import type { RestartableServer } from './restartable-server.js'

/** What a node needs to be one of several. */
export interface Membership {
  readonly backplane: Backplane
  readonly history: History
}

export interface RealBus {
  readonly name: 'nats' | 'redis'
  readonly server: RestartableServer
  /** A membership with connections of its own, which end with the test. @param port of a proxy before the server; none: its own */
  join (t: Cleaning, port?: number): Promise<Membership>
}

/** Runs a test on NATS and on Redis, where they are installed. */
export function onEachBus (t: Test, run: (t: Test, start: (t: Cleaning) => Promise<RealBus>) => Promise<void>): void {
  withNatsServer(t, (t, program) => run(t, async t => {
    const server = await startNatsServer(t, program, { jetStream: true })
    return { name: 'nats', server, join: (t, port = server.port) => joinNats(t, port) }
  }))
  withRedisServer(t, (t, program) => run(t, async t => {
    const server = await startRedisServer(t, program, { keeps: true })
    return { name: 'redis', server, join: (t, port = server.port) => joinRedis(t, port) }
  }))
}

async function joinNats (t: Cleaning, port: number): Promise<Membership> {
  const connection = await connect({ servers: `127.0.0.1:${port}`, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
  t.after(() => connection.close())
  return { backplane: nats({ connection }), history: natsHistory({ connection, maxBytes: 2 ** 26, timeout: 2000 }) }
}

async function joinRedis (t: Cleaning, port: number): Promise<Membership> {
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 50 } })
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.destroy())
  return { backplane: redis({ client }), history: redisHistory({ client, timeout: 2000 }) }
}
