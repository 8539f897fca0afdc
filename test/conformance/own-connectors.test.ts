/** What an application brings itself, through the suite of connectors: each form of `internal`, and own connectors. */
import { connect } from 'node:net'
import { connectorSuite } from './connector.js'
import { tcpCounterpart } from './counterparts.js'
import { EmitterPeer, GeneratorPeer, ObjectPeer, ServicePeer, bytesPeer, internalCounterpart } from './internal-counterparts.js'

connectorSuite({
  name: 'internal, an async generator',
  start: () => internalCounterpart(peers => incoming => {
    const peer = new GeneratorPeer()
    peers.push(peer)
    return peer.run(incoming)
  }),
  unreachable: async () => ({
    408: { type: 'internal', handler: () => new Promise<never>(() => {}) },
    502: { type: 'internal', handler: () => { throw new Error('not today') } }
  })
})

connectorSuite({
  name: 'internal, a stream of objects',
  start: () => internalCounterpart(peers => _incoming => {
    const peer = new ObjectPeer(false)
    peers.push(peer)
    return peer.stream
  })
})

connectorSuite({
  name: 'internal, a stream of bytes',
  start: () => internalCounterpart(peers => () => {
    const { peer, stream } = bytesPeer()
    peers.push(peer)
    return stream
  }, { framing: 'lines' })
})

connectorSuite({
  name: 'internal, an EventEmitter',
  readOnly: true,
  drops: true,
  start: () => internalCounterpart(peers => () => {
    const peer = new EmitterPeer()
    peers.push(peer)
    return peer.emitter
  })
})

connectorSuite({
  name: 'internal, an object in the form of Nodefony\'s services',
  drops: true,
  start: () => internalCounterpart(peers => () => {
    const peer = new ServicePeer()
    peers.push(peer)
    return peer
  }),
  unreachable: async () => ({
    408: { type: 'internal', handler: { connect: () => new Promise(() => {}) } },
    502: { type: 'internal', handler: { connect () { throw new Error('not today') } } }
  })
})

connectorSuite({
  name: 'an own connector with a socket',
  start: t => tcpCounterpart(t, port => ({ type: 'own', at: port, framing: 'lines' }), {
    own: ({ at }, { signal }) => connect({ port: at as number, host: '127.0.0.1', allowHalfOpen: true, signal })
  })
})

connectorSuite({
  name: 'an own connector with messages',
  start: () => {
    const peers: ObjectPeer[] = []
    const own = () => {
      const peer = new ObjectPeer(true)
      peers.push(peer)
      return peer.stream
    }
    return { service: { type: 'own', encoding: 'none' }, connectors: { own }, peers }
  }
})
