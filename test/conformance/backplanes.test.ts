/** Every backplane through the suite of its port: the one in the process, and those over real servers. */
import { connect } from '@nats-io/transport-node'
import t from 'tap'
import { localBus, type LocalNode } from '../../lib/index.js'
import { nats } from '../../lib/nats.js'
import { startNatsServer, withNatsServer } from '../harness/nats-server.js'
import { backplaneSuite } from './backplane.js'

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
        kill: () => server.kill(),
        restart: () => server.start(),
        server: {
          publish: async (name, bytes) => {
            connections[0]?.publish(name, bytes)
            await connections[0]?.flush()
          },
          nameOf: channel => `bayeux${channel.replaceAll('/', '.')}`,
          noChannels: ['bayeux.é', 'bayeux.a/b', 'bayeux.a.*', 'bayeux.a.>', 'bayeux.a%b'],
          useConnections: () => Promise.all(connections.map(each => each.flush()))
        }
      }
    }
  })
})
