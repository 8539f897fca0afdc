/** Many at once: each gets what is meant for it, and nothing stays behind. */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { startGateway } from '../harness/gateway.js'
import { SocketClient, type Message } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

/** Open files and sockets of this process, where the system tells. */
function descriptors (): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}

/** Does something for each of many, some at a time. */
async function forEach<T> (all: readonly T[], each: (one: T, index: number) => Promise<unknown>, atOnce: number = 50): Promise<void> {
  const rest = [...all.entries()]
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) await each(next[1], next[0])
  }))
}

t.test('500 sessions on one service: each its own connection and its own data', async t => {
  const SESSIONS = 500
  const service = await startTcpService(t, socket => socket.on('data', data => socket.write(data)).on('end', () => socket.end()))
  const { wsUrl, app } = await startGateway(t, { services: { echo: { port: service.port, framing: 'lines' } } })
  const before = descriptors()
  const clients: Awaited<ReturnType<typeof SocketClient.connect>>[] = []
  await forEach(Array.from({ length: SESSIONS }), async (_each, index) => { clients[index] = await SocketClient.connect(t, wsUrl) })
  await forEach(clients, async (client, index) => {
    const { clientId } = client
    await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/echo', data: `hello ${index}` })
    for (const n of [1, 2, 3]) await client.ask({ channel: '/service/echo', clientId, data: `${index}.${n}` })
  })
  t.match(app.realtime.metrics(), { sessions: SESSIONS, serviceConnections: SESSIONS })
  let wrong = 0
  await forEach(clients, async (client, index) => {
    for (const expected of [`hello ${index}`, `${index}.1`, `${index}.2`, `${index}.3`]) {
      if ((await client.next('/service/echo')).data !== expected) wrong++
    }
  })
  t.equal(wrong, 0)
  // Half say goodbye, half are cut.
  await forEach(clients, async (client, index) => {
    if (index % 2 === 0) await client.ask({ channel: '/meta/disconnect', clientId: client.clientId })
    client.ws.terminate()
  })
  app.realtime.disconnect(() => true)
  await until(() => app.realtime.metrics().serviceConnections === 0 && service.sockets.every(socket => socket.destroyed))
  await until(() => descriptors() <= before, 'the descriptors are given back')
  t.match(app.realtime.metrics(), { sessions: 0, links: 0, subscriptions: 0 })
})

t.test('10 000 subscribers of one shared service: one connection, everything for each, in order', async t => {
  const SOCKETS = 625
  const EACH = 16
  const EVENTS = 20
  const service = await startTcpService(t, socket => socket.on('end', () => socket.end()))
  const { wsUrl, app } = await startGateway(t, { services: { sensor: { port: service.port, framing: 'lines', shared: { linger: 0, snapshot: 1 } } } })
  const before = descriptors()
  const clients: SocketClient[] = []
  await forEach(Array.from({ length: SOCKETS }), async (_each, index) => { clients[index] = await SocketClient.open(t, wsUrl) })
  await forEach(clients, async client => {
    const ids: string[] = []
    while (ids.length < EACH) {
      client.send([{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] }])
      ids.push((await client.next('/meta/handshake')).clientId)
    }
    client.send(ids.flatMap(clientId => [
      { channel: '/meta/connect', clientId, connectionType: 'websocket', advice: { timeout: 0 } },
      { channel: '/meta/subscribe', clientId, subscription: '/service/sensor' }
    ]))
    for (let count = 0; count < ids.length; count++) {
      const reply: Message = await client.next('/meta/subscribe')
      if (reply.successful !== true) throw new Error(reply.error)
    }
  })
  t.match(app.realtime.metrics(), { sessions: SOCKETS * EACH, links: SOCKETS * EACH, serviceConnections: 1 })
  t.equal(service.sockets.length, 1)

  const counts = clients.map(() => Array.from({ length: EVENTS }, () => 0))
  let disorder = 0
  clients.forEach((client, index) => {
    let highest = -1
    client.messages.length = 0
    client.ws.removeAllListeners('message')
    client.ws.on('message', data => {
      for (const message of JSON.parse(String(data))) {
        if (message.channel !== '/service/sensor') continue
        const n = Number(message.data)
        if (n < highest) disorder++
        highest = Math.max(highest, n)
        counts[index]![n]!++
      }
    })
  })
  const socket = await service.socket(0)
  for (let n = 0; n < EVENTS; n++) {
    socket.write(`${n}\n`)
    await until(() => counts.every(each => each[n] === EACH), `event ${n} reached all`)
  }
  t.equal(disorder, 0)
  t.equal(app.realtime.metrics().delivered, SOCKETS * EACH * EVENTS)
  t.match(app.realtime.metrics().services.sensor, { opened: 1, messagesIn: EVENTS })

  for (const client of clients) client.ws.terminate()
  app.realtime.disconnect(() => true)
  await until(() => app.realtime.metrics().serviceConnections === 0 && socket.destroyed, 'the connection ends after the last')
  await until(() => descriptors() <= before, 'the descriptors are given back')
})
