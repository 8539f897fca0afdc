/** One of several nodes in a process of its own, with what was built: bus, port of the bus and options come as its argument. */
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'
import { nats, natsHistory } from 'fastify-bayeux/nats'
import { redis, redisHistory } from 'fastify-bayeux/redis'
import { connect } from '@nats-io/transport-node'
import { createClient } from 'redis'

const { bus, at, options } = JSON.parse(process.argv[2])

async function join () {
  if (bus === 'nats') {
    const connection = await connect({ servers: `127.0.0.1:${at}`, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
    return { backplane: nats({ connection }), history: natsHistory({ connection, maxBytes: 2 ** 26, timeout: 2000 }) }
  }
  const client = createClient({ socket: { host: '127.0.0.1', port: at, reconnectStrategy: 50 } })
  client.on('error', () => {})
  await client.connect()
  return { backplane: redis({ client }), history: redisHistory({ client, timeout: 2000 }) }
}

const app = Fastify()
await app.register(realtime, { ...options, ...await join() })
await app.listen({ port: 0, host: '127.0.0.1' })

// Publishes to each channel in turn, until it is told to stop or has said so much.
let publishing = null
let n = 0
function publish ({ channels, by, every, count }) {
  publishing = setInterval(() => {
    for (const channel of channels) app.realtime.publish(channel, { by, n })
    n++
    if (n >= count) stop()
  }, every)
}

function stop () {
  clearInterval(publishing)
  process.send({ stopped: n })
}

process.on('message', message => {
  if (message.publish !== undefined) publish(message.publish)
  if (message.stop === true) stop()
  if (message.ask === true) process.send({ sessions: [...app.realtime.sessions.keys()], metrics: app.realtime.metrics() })
})
process.on('disconnect', () => process.exit(0))
process.send({ port: app.server.address().port })
