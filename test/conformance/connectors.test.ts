/** Every connector that leads out of this process, through the suite of its port. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../harness/free-port.js'
import { connectorSuite } from './connector.js'
import { processCounterpart, silentPort, tcpCounterpart, tlsCounterpart, udpCounterpart, unixCounterpart, webSocketCounterpart } from './counterparts.js'

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
  endsWhole: true,
  start: processCounterpart,
  unreachable: async () => ({ 502: { type: 'process', command: 'no-such-program' } })
})
