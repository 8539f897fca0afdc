/** The client `faye` of npm, unmodified, against a gateway on a real port. */
import type { onRequestAsyncHookHandler } from 'fastify'
import type { Client, FayeMessage } from 'faye'
import t, { type Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { startBlackholeProxy, type Passage } from '../harness/blackhole-proxy.js'
import { settled, speak } from '../harness/faye-client.js'
import { startGateway } from '../harness/gateway.js'
import { startKillableGateway } from '../harness/killable-gateway.js'
import { startTcpService, type TcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

const transports = ['websocket', 'long-polling'] as const
type TransportName = typeof transports[number]

function subscribe (client: Client, channel: string, heard: unknown[]): Promise<void> {
  return settled(client.subscribe(channel, data => heard.push(data)), `subscribed to ${channel}`)
}

function publish (client: Client, channel: string, data: unknown): Promise<void> {
  return settled(client.publish(channel, data), `acknowledgement from ${channel}`)
}

const granted = (came: readonly FayeMessage[], channel: string) =>
  came.filter(({ channel: meta, subscription, successful }) => meta === '/meta/subscribe' && subscription === channel && successful === true).length

const echo = (service: TcpService): RealtimeOptions['services'] => ({
  echo: { type: 'tcp', domain: '127.0.0.1', port: service.port, framing: 'lines' }
})

for (const transport of transports) {
  t.test(`over ${transport}`, async t => {
    t.test('publish is acknowledged and the publisher hears itself', async t => {
      const { app, url } = await startGateway(t)
      const { client } = speak(t, url, transport)
      const heard: unknown[] = []
      await subscribe(client, '/news/today', heard)
      await publish(client, '/news/today', { title: 'schön' })
      await until(() => heard.length > 0, 'the event')
      t.same(heard, [{ title: 'schön' }])
      await until(() => [...app.realtime.sessions.values()].some(session => session.transport === transport), 'a connect is held')
    })

    t.test('exact, * and ** hear what they match; an event comes once for all three', async t => {
      const { url } = await startGateway(t)
      const { client, came } = speak(t, url, transport)
      const [exact, one, deep]: [unknown[], unknown[], unknown[]] = [[], [], []]
      await subscribe(client, '/chat/red', exact)
      await subscribe(client, '/chat/*', one)
      await subscribe(client, '/chat/**', deep)
      for (const [channel, data] of [['/chat/red', 1], ['/chat/blue', 2], ['/chat/red/loud', 3], ['/chatter', 4], ['/chat/red', 5]] as const) {
        await publish(client, channel, data)
      }
      await until(() => exact.includes(5), 'the last event')
      t.same(exact, [1, 5])
      t.same(one, [1, 2, 5])
      t.same(deep, [1, 2, 3, 5])
      const events = came.filter(({ data }) => data !== undefined).map(({ channel, data }) => `${channel} ${data}`)
      t.same(events, ['/chat/red 1', '/chat/blue 2', '/chat/red/loud 3', '/chat/red 5'])
    })

    t.test('from one client to another', async t => {
      const { url } = await startGateway(t)
      const [from, to] = [speak(t, url, transport), speak(t, url, transport)]
      const heard: unknown[] = []
      await subscribe(to.client, '/count', heard)
      await publish(from.client, '/count', 0)
      for (let number = 1; number < 20; number++) from.client.publish('/count', number)
      await until(() => heard.length >= 20, 'twenty events')
      // Faye itself has several requests on their way over HTTP, and promises no order between them.
      t.same(transport === 'websocket' ? heard : heard.toSorted((a, b) => Number(a) - Number(b)), Array.from({ length: 20 }, (_, number) => number))
    })

    t.test('unsubscribed, it hears no more', async t => {
      const { app, url } = await startGateway(t)
      const { client, came } = speak(t, url, transport)
      const subscription = client.subscribe('/news', () => {})
      await settled(subscription, 'subscribed')
      const last: unknown[] = []
      await subscribe(client, '/last', last)
      subscription.cancel()
      await until(() => came.some(({ channel, successful }) => channel === '/meta/unsubscribe' && successful), 'the unsubscribe reply')
      app.realtime.publish('/news', 'too late')
      app.realtime.publish('/last', 'end')
      await until(() => last.length > 0, 'the last event')
      t.same(came.filter(({ data }) => data !== undefined).map(({ data }) => data), ['end'])
    })

    t.test('refusals reject with their code', async t => {
      const { url } = await startGateway(t)
      const { client } = speak(t, url, transport)
      await t.rejects(subscribe(client, '/service/nobody', []), { code: 404 })
      await t.rejects(publish(client, '/service/nobody', 1), { code: 404 })
    })

    t.test('disconnect frees the session', async t => {
      const { app, url } = await startGateway(t)
      const { client } = speak(t, url, transport)
      await subscribe(client, '/news', [])
      t.equal(app.realtime.sessions.size, 1)
      await settled(client.disconnect(), 'disconnected')
      t.equal(app.realtime.sessions.size, 0)
    })

    t.test('a TCP service: publishes, what it says, its end, and once more', async t => {
      const service = await startTcpService(t)
      const { url } = await startGateway(t, { services: echo(service) })
      const { client, came } = speak(t, url, transport)
      const heard: unknown[] = []
      const subscription = client.subscribe('/service/echo', data => heard.push(data))
      await settled(subscription, 'subscribed')
      const socket = await service.socket(0)
      await publish(client, '/service/echo', 'how are you')
      await until(() => service.received[0] === 'how are you\n', 'what was published')
      socket.write('fine\nthanks\n')
      await until(() => heard.length >= 2, 'what the service said')
      t.same(heard, ['fine', 'thanks'])

      socket.end('bye\n')
      await until(() => came.some(({ channel }) => channel === '/meta/unsubscribe'), 'the unasked unsubscribe')
      t.same(heard, ['fine', 'thanks', 'bye'])
      await t.rejects(publish(client, '/service/echo', 'still there?'), { code: 404 })

      subscription.cancel()
      await subscribe(client, '/service/echo', heard)
      const second = await service.socket(1)
      second.write('welcome back\n')
      await until(() => heard.includes('welcome back'), 'the second conversation is heard')
    })
  })
}

t.test('whichever comes first, the handshake or the socket, its first subscription holds', async t => {
  // Its socket was asked for before it had a cookie; until it opens Faye polls, with the cookie of the handshake's answer,
  // and the 101 then sets another.
  t.test('the handshake: the socket opens when a poll has brought the cookie', async t => {
    let handshakes = 0
    let polls = 0
    const { app, url } = await startGateway(t, {
      onRequest: async request => {
        if (request.headers.upgrade !== undefined) await until(() => polls > 0, 'a poll')
      }
    })
    app.realtime.on('handshake', () => { handshakes++ })
    app.realtime.on('connect', () => { polls++ })
    const { client } = speak(t, url)
    const heard: unknown[] = []
    await subscribe(client, '/news', heard)
    await publish(client, '/news', 'heard')
    await until(() => heard.length > 0, 'the event')
    t.equal(handshakes, 1)
  })

  // Its socket opens while the handshake waits for others to join its request. The 101 sets a cookie, the
  // handshake brings it, and the session is bound to a cookie that the socket's upgrade could not bring.
  t.test('the socket: the handshake brings the cookie that its 101 set', async t => {
    const { app, url } = await startGateway(t)
    let handshakes = 0
    app.realtime.on('handshake', () => { handshakes++ })
    const { client } = speak(t, url)
    client.addExtension({
      outgoing: (message, pass) => {
        if (message.channel !== '/meta/handshake') return pass(message)
        until(() => cookiesOf(client, url) > 0, 'a cookie is kept').then(() => pass(message))
      }
    })
    const heard: unknown[] = []
    await subscribe(client, '/news', heard)
    await publish(client, '/news', 'heard')
    await until(() => heard.length > 0, 'the event')
    t.equal(handshakes, 1)
  })
})

// Only looked at: Faye tells nobody that its socket is open.
function cookiesOf (client: Client, url: string): number {
  const { _dispatcher } = client as unknown as { _dispatcher: { cookies: { getCookiesSync (url: string): unknown[] } } }
  return _dispatcher.cookies.getCookiesSync(url).length
}

t.test('falls back to long-polling when the first upgrade is refused', async t => {
  const refuse: onRequestAsyncHookHandler = async (request, reply) => {
    if (request.headers.upgrade !== undefined) return reply.code(403).send('No upgrades here')
  }
  const { app, url } = await startGateway(t, { onRequest: refuse })
  const { client } = speak(t, url)
  const heard: unknown[] = []
  await subscribe(client, '/news', heard)
  await publish(client, '/news', 'by POST')
  await until(() => heard.length > 0, 'the event')
  t.same(heard, ['by POST'])
  await until(() => [...app.realtime.sessions.values()].some(({ transport }) => transport === 'long-polling'), 'a poll is held')
})

t.test('comes back by itself', async t => {
  for (const transport of transports) {
    t.test(`after a SIGKILL and a restart, over ${transport}`, async t => {
      const service = await startTcpService(t)
      const gateway = await startKillableGateway(t, { services: echo(service) })
      const { client, came } = speak(t, gateway.url, transport)
      const [heard, said]: [unknown[], unknown[]] = [[], []]
      let downs = 0
      client.on('transport:down', () => { downs++ })
      await subscribe(client, '/news', heard)
      await subscribe(client, '/service/echo', said)
      await service.socket(0)
      await publish(client, '/news', 'before')
      await until(() => heard.includes('before'), 'an event before')

      await gateway.kill()
      await until(() => downs > 0, 'the client notices')
      await gateway.restart()

      // It subscribes again by itself to all that it was subscribed to.
      await until(() => granted(came, '/news') === 2 && granted(came, '/service/echo') === 2, 'subscribed again')
      const again = await service.socket(1)
      again.write('welcome back\n')
      await until(() => said.includes('welcome back'), 'the service is heard again')
      await publish(client, '/news', 'after')
      await until(() => heard.includes('after'), 'an event after')
      t.same(heard, ['before', 'after'])
    })

    t.test(`after a clean close and a new server, over ${transport}`, async t => {
      const first = await startGateway(t)
      const { client, came } = speak(t, first.url, transport)
      const heard: unknown[] = []
      await subscribe(client, '/news', heard)
      await first.app.close()
      const { app } = await startGateway(t, {}, { port: Number(new URL(first.url).port) })
      await until(() => granted(came, '/news') === 2, 'subscribed again')
      await publish(client, '/news', 'after')
      await until(() => heard.includes('after'), 'an event after')
      await until(() => [...app.realtime.sessions.values()].some(session => session.transport === transport), `connected over ${transport}`)
      // The new server closes before the client's own end of test.
      await settled(client.disconnect(), 'disconnected')
    })
  }
})

// Its network is gone without a word: the gateway still holds the old socket for alive, while the client opens a new one.
t.test('goes on with its session on a new socket while the old one still looks alive', async t => {
  // The second of these takes Faye half a minute, and the others need not wait for it.
  t.jobs = 3

  async function start (t: Test, transport: TransportName) {
    const service = await startTcpService(t)
    // The old socket does not end by itself while this test runs.
    const options: RealtimeOptions = { services: echo(service), timeout: 2000, maxInterval: 60_000, limits: { websocketSilence: 600_000 } }
    const { app } = await startGateway(t, options)
    const proxy = await startBlackholeProxy(t, (app.server.address() as { port: number }).port)
    const { client } = speak(t, `http://127.0.0.1:${proxy.port}/realtime`, transport)
    const heard: unknown[] = []
    await subscribe(client, '/service/echo', heard)
    await service.socket(0)
    await until(() => [...app.realtime.sessions.values()].some(session => session.transport === transport), 'it is connected')
    const [clientId] = [...app.realtime.sessions.keys()] as [string]
    return { app, service, proxy, client, heard, clientId }
  }

  async function lives ({ app, service, client, heard, clientId }: Awaited<ReturnType<typeof start>>, t: Test) {
    service.sockets[0]?.write('are you there?\n')
    await until(() => heard.includes('are you there?'), 'the service is heard')
    await publish(client, '/service/echo', 'I am')
    await until(() => service.received[0] === 'I am\n', 'the service hears the client')
    t.same([...app.realtime.sessions.keys()], [clientId], 'the session is the same, and the only one')
    t.equal(service.sockets.length, 1, 'the conversation is the same')
  }

  t.test('over websocket, when its own end broke and only the gateway has not noticed', { buffered: true }, async t => {
    const started = await start(t, 'websocket')
    started.proxy.swallow(true)
    await until(() => started.app.realtime.metrics().takenOver >= 1, 'taken over')
    await lives(started, t)
  })

  // Faye waits 30 s for an answer to its close frame before it opens a new socket: a constant of faye-websocket.
  t.test('over websocket, when neither end has noticed', { buffered: true, timeout: 100_000 }, async t => {
    const started = await start(t, 'websocket')
    const gaveUp = started.proxy.swallow().map(({ client }: Passage) => new Promise(resolve => client.once('end', resolve).once('error', resolve)))
    await Promise.all(gaveUp)
    await until(() => started.app.realtime.metrics().takenOver >= 1, 'taken over')
    await lives(started, t)
  })

  t.test('over long-polling', { buffered: true }, async t => {
    const started = await start(t, 'long-polling')
    const before = started.proxy.passages.length
    started.proxy.swallow()
    await until(() => started.proxy.passages.length > before, 'a new connection')
    await lives(started, t)
  })
})
