/** The clients `cometd` and `cometd-nodejs-client` of npm, unmodified, against a gateway on a real port. */
import type { onRequestAsyncHookHandler } from 'fastify'
import t, { type Test } from 'tap'
import {
  disconnect, handshake, handshaken, makeCometd, publish, subscribe, unsubscribe,
  type CometD, type CometdSettings, type Message, type TransportName
} from '../harness/cometd-client.js'
import { startBlackholeProxy } from '../harness/blackhole-proxy.js'
import { startGateway, type Gateway } from '../harness/gateway.js'
import { startKillableGateway } from '../harness/killable-gateway.js'
import { startTcpService, type TcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'
import type { RealtimeOptions } from '../../lib/index.js'

const transports: readonly TransportName[] = ['websocket', 'long-polling']

// An unmasked ping without a payload, and a close frame with the code 4000, as they leave the gateway.
const PING = Buffer.of(0x89, 0x00)
const TAKEN_OVER = Buffer.from([0x88, 2 + 'taken over'.length, 4000 >> 8, 4000 & 255])

const echo = (service: TcpService): RealtimeOptions['services'] => ({
  echo: { type: 'tcp', domain: '127.0.0.1', port: service.port, framing: 'lines' }
})

/** Collects what a subscription hears. */
function ear (): { heard: unknown[], listen: (message: Message) => void } {
  const heard: unknown[] = []
  return { heard, listen: message => { heard.push(message.data) } }
}

for (const transport of transports) {
  t.test(`over ${transport}`, async t => {
    t.test('handshake, and the transport that was negotiated', async t => {
      const { app, url } = await startGateway(t)
      const client = makeCometd(t, url, { transport })
      const reply = await handshake(client)
      t.equal(reply.successful, true)
      t.equal(reply.version, '1.0')
      t.same(reply.supportedConnectionTypes, ['websocket', 'long-polling'])
      t.equal(client.getClientId(), reply.clientId)
      t.equal(client.getTransport()?.type, transport)
      await until(() => app.realtime.sessions.get(reply.clientId as string)?.transport === transport, 'a connect is held')
    })

    t.test('publish is acknowledged and the publisher hears itself', async t => {
      const { url } = await startGateway(t)
      const client = makeCometd(t, url, { transport })
      await handshake(client)
      const { heard, listen } = ear()
      const { reply } = await subscribe(client, '/news/today', listen)
      t.match(reply, { successful: true, subscription: '/news/today' })
      const acknowledgement = await publish(client, '/news/today', { title: 'schön' })
      t.match(acknowledgement, { channel: '/news/today', successful: true })
      await until(() => heard.length > 0, 'the event')
      t.same(heard, [{ title: 'schön' }])
    })

    t.test('exact, * and ** hear what they match; an event comes once for all three', async t => {
      const { url } = await startGateway(t)
      const client = makeCometd(t, url, { transport })
      const came: unknown[] = []
      client.registerExtension('came', {
        incoming: message => {
          if (message.data !== undefined) came.push(`${message.channel} ${message.data}`)
          return message
        }
      })
      await handshake(client)
      const [exact, one, deep] = [ear(), ear(), ear()]
      await subscribe(client, '/chat/red', exact.listen)
      await subscribe(client, '/chat/*', one.listen)
      await subscribe(client, '/chat/**', deep.listen)
      for (const [channel, data] of [['/chat/red', 1], ['/chat/blue', 2], ['/chat/red/loud', 3], ['/chatter', 4], ['/chat/red', 5]] as const) {
        t.match(await publish(client, channel, data), { successful: true })
      }
      await until(() => exact.heard.includes(5), 'the last event')
      t.same(exact.heard, [1, 5])
      t.same(one.heard, [1, 2, 5])
      t.same(deep.heard, [1, 2, 3, 5])
      t.same(came, ['/chat/red 1', '/chat/blue 2', '/chat/red/loud 3', '/chat/red 5'])
    })

    t.test('from one client to another', async t => {
      const { url } = await startGateway(t)
      const [from, to] = [makeCometd(t, url, { transport }), makeCometd(t, url, { transport })]
      await handshake(from)
      await handshake(to)
      const { heard, listen } = ear()
      await subscribe(to, '/count', listen)
      for (let number = 0; number < 20; number++) from.publish('/count', number)
      await until(() => heard.length >= 20, 'twenty events')
      t.same(heard, Array.from({ length: 20 }, (_, number) => number))
    })

    t.test('unsubscribed, it hears no more', async t => {
      const { app, url } = await startGateway(t)
      const client = makeCometd(t, url, { transport })
      await handshake(client)
      const came: unknown[] = []
      client.registerExtension('came', {
        incoming: message => {
          if (message.data !== undefined) came.push(message.data)
          return message
        }
      })
      const { handle } = await subscribe(client, '/news', () => {})
      const { heard, listen } = ear()
      await subscribe(client, '/last', listen)
      t.match(await unsubscribe(client, handle), { successful: true, subscription: '/news' })
      app.realtime.publish('/news', 'too late')
      app.realtime.publish('/last', 'end')
      await until(() => heard.length > 0, 'the last event')
      t.same(came, ['end'])
    })

    t.test('a refused subscription is told, and leaves no ghost', async t => {
      const { url } = await startGateway(t)
      const client = makeCometd(t, url, { transport })
      await handshake(client)
      const first = await subscribe(client, '/service/nobody', () => {})
      t.match(first.reply, { successful: false, subscription: '/service/nobody', error: /^404:/ })
      // With a ghost the client would not ask again.
      const second = await subscribe(client, '/service/nobody', () => {})
      t.match(second.reply, { successful: false, error: /^404:/ })
    })

    t.test('disconnect frees the session', async t => {
      const { app, url } = await startGateway(t)
      const client = makeCometd(t, url, { transport })
      const { clientId } = await handshake(client)
      t.ok(app.realtime.sessions.has(clientId as string))
      t.match(await disconnect(client), { successful: true })
      t.equal(client.getStatus(), 'disconnected')
      t.equal(app.realtime.sessions.size, 0)
    })

    t.test('a batch of many messages', async t => {
      const { url } = await startGateway(t)
      const client = makeCometd(t, url, { transport })
      await handshake(client)
      const { heard, listen } = ear()
      client.batch(() => {
        client.subscribe('/batch', listen)
        for (let number = 0; number < 50; number++) client.publish('/batch', number)
      })
      await until(() => heard.length >= 50, 'all events of the batch')
      t.same(heard, Array.from({ length: 50 }, (_, number) => number))
    })

    t.test('a TCP service: data with the subscription, publishes, what it says, its end', async t => {
      const service = await startTcpService(t)
      const { url } = await startGateway(t, { services: echo(service) })
      const client = makeCometd(t, url, { transport })
      await handshake(client)
      const unasked: Message[] = []
      client.addListener('/meta/unsubscribe', message => { unasked.push(message) })
      const { heard, listen } = ear()
      const { handle, reply } = await subscribe(client, '/service/echo', listen, { data: 'hello' })
      t.match(reply, { successful: true, subscription: '/service/echo', ext: { socket: { type: 'tcp' } } })
      const socket = await service.socket(0)
      await until(() => service.received[0] === 'hello\n', 'the data of the subscription')

      t.match(await publish(client, '/service/echo', 'how are you'), { channel: '/service/echo', successful: true })
      await until(() => service.received[0] === 'hello\nhow are you\n', 'what was published')
      socket.write('fine\nthanks\n')
      await until(() => heard.length >= 2, 'what the service said')
      t.same(heard, ['fine', 'thanks'])

      socket.end('bye\n')
      await until(() => unasked.length > 0, 'the unasked unsubscribe')
      t.same(heard, ['fine', 'thanks', 'bye'])
      t.match(unasked, [{ successful: true, subscription: '/service/echo', ext: { service: { state: 'ended', reason: 'ended' } } }])
      t.match(await publish(client, '/service/echo', 'still there?'), { successful: false, error: /^404:/ })

      t.match(await unsubscribe(client, handle), { successful: true, subscription: '/service/echo' })
      const again = await subscribe(client, '/service/echo', listen, { data: 'me again' })
      t.equal(again.reply.successful, true)
      await until(() => service.received[1] === 'me again\n', 'a second conversation')
      service.sockets[1]?.write('welcome back\n')
      await until(() => heard.includes('welcome back'), 'the second conversation is heard')
    })

    t.test('unsubscribing a service says goodbye and ends its connection', async t => {
      const service = await startTcpService(t)
      const { url } = await startGateway(t, { services: echo(service) })
      const client = makeCometd(t, url, { transport })
      await handshake(client)
      const { handle } = await subscribe(client, '/service/echo', () => {})
      const socket = await service.socket(0)
      let ended = false
      socket.once('end', () => { ended = true })
      t.match(await unsubscribe(client, handle, { data: 'goodbye' }), { successful: true })
      await until(() => ended, 'the service sees the end')
      t.equal(service.received[0], 'goodbye\n')
    })

    t.test('disconnecting ends its conversations', async t => {
      const service = await startTcpService(t)
      const { url } = await startGateway(t, { services: echo(service) })
      const client = makeCometd(t, url, { transport })
      await handshake(client)
      await subscribe(client, '/service/echo', () => {})
      const socket = await service.socket(0)
      let ended = false
      socket.once('end', () => { ended = true })
      await disconnect(client)
      await until(() => ended, 'the service sees the end')
    })
  })
}

t.test('falls back to long-polling', async t => {
  const refuse: onRequestAsyncHookHandler = async (request, reply) => {
    if (request.headers.upgrade !== undefined) return reply.code(403).send('No upgrades here')
  }
  const withoutUpgrades: RealtimeOptions = { onRequest: refuse }

  t.test('when the first upgrade is refused', async t => {
    const { url } = await startGateway(t, withoutUpgrades)
    const client = makeCometd(t, url)
    const failures: Message[] = []
    client.addListener('/meta/handshake', reply => {
      if (reply.successful !== true) failures.push(reply)
    })
    await handshaken(client)
    t.equal(client.getTransport()?.type, 'long-polling')
    t.equal(failures.length, 1, 'a WebSocket was tried first')
    const { heard, listen } = ear()
    await subscribe(client, '/news', listen)
    t.match(await publish(client, '/news', 'by POST'), { successful: true })
    await until(() => heard.length > 0, 'the event')
    t.same(heard, ['by POST'])
  })

  for (const cookies of ['none', 'jar', 'adapter'] as const) {
    t.test(`and takes the WebSocket of a restarted server that allows it, cookies: ${cookies}`, async t => {
      const first = await startGateway(t, withoutUpgrades)
      const client = makeCometd(t, first.url, { cookies })
      const { heard, listen } = ear()
      const subscribed: Message[] = []
      client.addListener('/meta/handshake', reply => {
        if (reply.successful === true) client.subscribe('/news', listen, reply => { subscribed.push(reply) })
      })
      await handshaken(client)
      t.equal(client.getTransport()?.type, 'long-polling')
      await first.app.close()
      const { app } = await startGateway(t, {}, { port: Number(new URL(first.url).port) })
      const session = () => app.realtime.sessions.get(client.getClientId() ?? '')
      await until(() => session()?.transport === 'websocket' && session()?.subscriptions.has('/news'), 'connected over WebSocket and subscribed')
      t.match(await publish(client, '/news', 'over WebSocket'), { successful: true })
      await until(() => heard.length > 0, 'the event')
      t.same(heard, ['over WebSocket'])
    })
  }
})

/** Keeps a client subscribed to `/news` and to the service, as applications do: in a listener for handshakes. */
function keepSubscribed (client: CometD): { heard: unknown[], said: unknown[], handshakes: Message[], subscribed: Message[] } {
  const [news, service] = [ear(), ear()]
  const handshakes: Message[] = []
  const subscribed: Message[] = []
  client.addListener('/meta/handshake', reply => {
    if (reply.successful !== true) return
    handshakes.push(reply)
    client.batch(() => {
      client.subscribe('/news', news.listen, reply => { subscribed.push(reply) })
      client.subscribe('/service/echo', service.listen, { data: 'hello' }, reply => { subscribed.push(reply) })
    })
  })
  return { heard: news.heard, said: service.heard, handshakes, subscribed }
}

t.test('comes back by itself', async t => {
  for (const transport of transports) {
    t.test(`after a SIGKILL and a restart, over ${transport}`, async t => {
      const service = await startTcpService(t)
      const gateway = await startKillableGateway(t, { services: echo(service) })
      const client = makeCometd(t, gateway.url, { transport })
      const { heard, said, handshakes, subscribed } = keepSubscribed(client)
      const failures: Message[] = []
      client.addListener('/meta/unsuccessful', message => { failures.push(message) })
      await handshaken(client)
      await until(() => subscribed.length === 2, 'subscribed')
      await until(() => service.received[0] === 'hello\n', 'the service is reached')
      t.match(await publish(client, '/news', 'before'), { successful: true })
      await until(() => heard.includes('before'), 'an event before')

      let ended = false
      service.sockets[0]?.once('close', () => { ended = true })
      service.sockets[0]?.once('end', () => { ended = true })
      await gateway.kill()
      await until(() => failures.some(({ channel }) => channel === '/meta/connect'), 'the client notices')
      await until(() => ended, 'the service notices')
      await gateway.restart()

      await until(() => handshakes.length === 2 && subscribed.length === 4, 'a new handshake, subscribed again')
      t.not(handshakes[1]?.clientId, handshakes[0]?.clientId)
      t.ok(subscribed.every(({ successful }) => successful), 'all subscriptions are granted')
      t.equal(client.getTransport()?.type, transport)
      await until(() => service.received[1] === 'hello\n', 'the service is reached again')
      service.sockets[1]?.write('welcome back\n')
      await until(() => said.includes('welcome back'), 'the service is heard again')
      t.match(await publish(client, '/news', 'after'), { successful: true })
      await until(() => heard.includes('after'), 'an event after')
      t.same(heard, ['before', 'after'])
    })

    t.test(`after a clean close and a new server, over ${transport}`, async t => {
      const service = await startTcpService(t)
      const first = await startGateway(t, { services: echo(service) })
      const client = makeCometd(t, first.url, { transport })
      const { heard, handshakes, subscribed } = keepSubscribed(client)
      await handshaken(client)
      await until(() => subscribed.length === 2, 'subscribed')
      await first.app.close()
      await startGateway(t, { services: echo(service) }, { port: Number(new URL(first.url).port) })
      await until(() => handshakes.length === 2 && subscribed.length === 4, 'a new handshake, subscribed again')
      t.ok(subscribed.every(({ successful }) => successful), 'all subscriptions are granted')
      t.equal(client.getTransport()?.type, transport)
      t.match(await publish(client, '/news', 'after'), { successful: true })
      await until(() => heard.includes('after'), 'an event after')
    })
  }
})

// Its network is gone without a word: the gateway still holds the old socket for alive, while the client opens a new one.
t.test('goes on with its session on a new socket while the old one still looks alive', async t => {
  async function speak (t: Test, settings: CometdSettings) {
    const service = await startTcpService(t)
    // The old socket does not end by itself while this test runs.
    const options: RealtimeOptions = { services: echo(service), timeout: 2000, maxInterval: 60_000, limits: { websocketSilence: 600_000 } }
    const gateway = await startGateway(t, options)
    const proxy = await startBlackholeProxy(t, Number(new URL(gateway.url).port))
    const client = makeCometd(t, `http://127.0.0.1:${proxy.port}/realtime`, { maxNetworkDelay: 2000, ...settings })
    const { heard, listen } = ear()
    const { clientId } = await handshake(client)
    await subscribe(client, '/service/echo', listen, { data: 'hello' })
    await until(() => service.received[0] === 'hello\n', 'the service is reached')
    await until(() => session(gateway, clientId)?.transport === settings.transport, 'it is connected')
    return { service, gateway, proxy, client, heard, clientId: clientId as string }
  }

  const session = ({ app }: Gateway, clientId: string | undefined) => app.realtime.sessions.get(clientId ?? '')

  async function lives ({ service, gateway, client, heard, clientId }: Awaited<ReturnType<typeof speak>>, t: Test) {
    service.sockets[0]?.write('are you there?\n')
    await until(() => heard.includes('are you there?'), 'the service is heard')
    t.match(await publish(client, '/service/echo', 'I am'), { successful: true })
    await until(() => service.received[0] === 'hello\nI am\n', 'the service hears the client')
    t.equal(client.getClientId(), clientId, 'the session is the same')
    t.same([...gateway.app.realtime.sessions.keys()], [clientId], 'and the only one')
    t.equal(service.sockets.length, 1, 'the conversation is the same')
  }

  for (const cookies of ['none', 'jar'] as const) {
    t.test(`over websocket, cookies: ${cookies}`, async t => {
      const spoken = await speak(t, { transport: 'websocket', cookies })
      const { proxy, gateway } = spoken
      const [old] = proxy.swallow()
      if (old === undefined) throw new Error('there is no connection')
      await until(() => gateway.app.realtime.metrics().takenOver >= 1, 'taken over')
      t.equal(old.swallowed.includes(PING), cookies === 'none', cookies === 'none' ? 'the old socket was asked first' : 'the cookie is proof enough')
      await until(() => old.swallowed.includes(TAKEN_OVER), 'the old socket is closed')
      await lives(spoken, t)
    })

    t.test(`over long-polling, cookies: ${cookies}`, async t => {
      const spoken = await speak(t, { transport: 'long-polling', cookies })
      const { proxy } = spoken
      const before = proxy.passages.length
      proxy.swallow()
      await until(() => proxy.passages.length > before, 'a new connection')
      await lives(spoken, t)
    })
  }

  t.test('over websocket, when its own end broke and only the gateway has not noticed', async t => {
    const spoken = await speak(t, { transport: 'websocket', cookies: 'none' })
    const { proxy, gateway } = spoken
    proxy.swallow(true)
    await until(() => gateway.app.realtime.metrics().takenOver >= 1, 'taken over')
    await lives(spoken, t)
  })
})
