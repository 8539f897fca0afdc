/** The clients of a node that closes, as they are: each is told when to come back, and is back on another node with what it had. */
import t, { type Test } from 'tap'
import { handshaken, makeCometd, type TransportName } from '../harness/cometd-client.js'
import { speak, settled } from '../harness/faye-client.js'
import { startLocalNodes } from '../harness/nodes.js'
import { inState, makeClient } from '../harness/realtime-client.js'
import { startRoundRobin } from '../harness/round-robin.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

interface Advised {
  channel: string
  successful?: boolean | undefined
  advice?: { reconnect?: string | undefined, interval?: number | undefined } | undefined
}

/** One client: the events that it hears on `/news`, and the replies to its connects. */
interface Listener {
  readonly heard: unknown[]
  readonly connects: Advised[]
}

type Make = (t: Test, url: string, transport: TransportName) => Promise<Listener>

const clients: Record<string, Make> = {
  async CometD (t, url, transport) {
    const client = makeCometd(t, url, { transport, cookies: 'jar' })
    const listener: Listener = { heard: [], connects: [] }
    client.addListener('/meta/connect', message => { listener.connects.push(message as Advised) })
    // It leaves it to the application to subscribe again in a new session.
    client.addListener('/meta/handshake', ({ successful }) => {
      if (successful === true) client.subscribe('/news', ({ data }) => { listener.heard.push(data) })
    })
    await handshaken(client)
    return listener
  },
  async Faye (t, url, transport) {
    const { client, came } = speak(t, url, transport)
    const heard: unknown[] = []
    await settled(client.subscribe('/news', data => heard.push(data)), 'subscribed')
    return { heard, get connects () { return came.filter(({ channel }) => channel === '/meta/connect') as Advised[] } }
  },
  async 'the client of this package' (t, url, transport) {
    const client = makeClient(t, url, { transport })
    const listener: Listener = { heard: [], connects: [] }
    await client.connect()
    client.subscribe('/news', ({ data }) => listener.heard.push(data))
    await inState(client, 'connected')
    return listener
  }
}

for (const [name, make] of Object.entries(clients)) {
  for (const transport of ['websocket', 'long-polling'] as const) {
    t.test(`${name} over ${transport}`, async t => {
      const nodes = await startLocalNodes(t, 3, { drain: 2000 })
      const ports = nodes.map(({ origin }) => Number(new URL(origin).port))
      const listener = await make(t, `http://127.0.0.1:${await startRoundRobin(t, ports)}/realtime`, transport)
      const at = () => nodes.find(({ app }) => app.realtime.sessions.size > 0)
      const hears = async (data: string, from: typeof nodes[0]) => {
        await until(() => {
          if (!listener.heard.includes(data)) from.app.realtime.publish('/news', data)
          return listener.heard.includes(data)
        }, `${data} is heard`)
      }
      await until(() => at()?.app.realtime.metrics().heldConnects === 1, 'a connect is held')
      const [home, ...others] = [at(), ...nodes.filter(node => node !== at())] as unknown as typeof nodes
      await hears('before', others[0] as typeof home)
      await until(() => home.app.realtime.metrics().heldConnects === 1, 'a connect is held again')
      const { length } = listener.connects
      await home.app.close()
      await until(() => others.some(({ app }) => app.realtime.metrics().heldConnects === 1), 'it is back on another node')
      if (name !== 'the client of this package') {
        const told = listener.connects.slice(length).find(({ advice }) => advice?.interval !== undefined)
        t.match(told, { successful: true, advice: { reconnect: 'retry', interval: Number } }, 'it was told when to come back')
      }
      await hears('after', others[1] as typeof home)
    })
  }
}

t.test('forty sockets of a node are not told to come back at once, and find each its way', async t => {
  const [a, b, c] = await startLocalNodes(t, 3)
  const sockets = await Promise.all(Array.from({ length: 40 }, () => SocketClient.connect(t, a.wsUrl)))
  for (const socket of sockets) socket.send([{ channel: '/meta/connect', clientId: socket.clientId, connectionType: 'websocket', id: 'held' }])
  await until(() => a.app.realtime.metrics().heldConnects === 40)
  await a.app.close()
  const replies = await Promise.all(sockets.map(socket => socket.next(({ id }) => id === 'held')))
  const intervals = new Set(replies.map(({ advice }) => advice.interval))
  t.ok(intervals.size > 20, `${intervals.size} of 40 are different`)
  for (const [index, { clientId }] of sockets.entries()) {
    const next = await SocketClient.open(t, (index % 2 === 0 ? b : c).wsUrl)
    t.match(await next.ask({ channel: '/meta/connect', clientId, connectionType: 'websocket' }), { successful: false, error: /^402:/, advice: { reconnect: 'handshake', interval: 0 } })
  }
})
