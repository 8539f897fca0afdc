/** Every connector through the suite of its port: the built-in ones, and those of an application. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../harness/free-port.js'
import { connectorSuite } from './connector.js'
import { processCounterpart, silentPort, tcpCounterpart, tlsCounterpart, udpCounterpart, unixCounterpart, webSocketCounterpart } from './counterparts.js'
import { EmitterPeer, GeneratorPeer, ObjectPeer, ServicePeer, bytesPeer, internalCounterpart } from './internal-counterparts.js'

const pem = (name: string) => readFileSync(new URL(`../certificates/${name}`, import.meta.url), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'fastify-bayeux-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const host = { domain: '127.0.0.1' } as const
const NOWHERE = 'no-such-host.invalid'

connectorSuite({
  name: 'tcp',
  start: t => tcpCounterpart(t, port => ({ type: 'tcp', ...host, port, framing: 'lines' })),
  unreachable: async () => ({ 403: { type: 'tcp', ...host, port: await freePort() }, 502: { type: 'tcp', domain: NOWHERE, port: 1 } })
})

const tls = { type: 'tls', ...host, servername: 'service.test', ca: pem('authority.pem'), framing: 'lines' } as const

connectorSuite({
  name: 'tls',
  start: t => tlsCounterpart(t, { cert: pem('service.pem'), key: pem('service.key') }, port => ({ ...tls, port })),
  unreachable: async t => ({ 403: { ...tls, port: await freePort() }, 408: { ...tls, port: await silentPort(t) }, 502: { ...tls, domain: NOWHERE, port: 1 } })
})

connectorSuite({
  name: 'unix, a path',
  start: t => unixCounterpart(t, join(mkdtempSync(join(folder, 'unix-')), 'it.sock')),
  unreachable: async () => ({ 502: { type: 'unix', path: join(folder, 'gone.sock') } })
})

if (process.platform === 'linux') {
  let count = 0
  connectorSuite({
    name: 'unix, abstract',
    start: t => unixCounterpart(t, `@fastify-bayeux-${process.pid}-${count++}`),
    unreachable: async () => ({ 403: { type: 'unix', path: `@fastify-bayeux-${process.pid}-gone` } })
  })
}

connectorSuite({
  name: 'udp',
  drops: true,
  start: udpCounterpart,
  unreachable: async () => ({ 502: { type: 'udp', domain: NOWHERE, port: 1 } })
})

connectorSuite({
  name: 'websocket',
  start: webSocketCounterpart,
  unreachable: async t => ({
    403: { type: 'websocket', url: `ws://127.0.0.1:${await freePort()}` },
    408: { type: 'websocket', url: `ws://127.0.0.1:${await silentPort(t)}` },
    502: { type: 'websocket', url: `ws://${NOWHERE}` }
  })
})

connectorSuite({
  name: 'process',
  start: processCounterpart,
  unreachable: async () => ({ 502: { type: 'process', command: 'no-such-program' } })
})

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
