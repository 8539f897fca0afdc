/** Nodefony's clients for browsers, `nodefony-client` and `nodefony-stage` of npm, unmodified, in chromium. */
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { Message } from '../harness/socket-client.js'
import type { RealtimeOptions } from '../../lib/index.js'
import { inChromium, openPage } from '../harness/chromium.js'
import { startClientPages } from '../harness/client-pages.js'
import { startTcpService, type TcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

/** How the clients are spoken to, and what they fire. */
const clients = {
  'nodefony-client': {
    page: 'nodefonyClient',
    loaded: 'window.nodefony?.Socket !== undefined',
    connected: 'ready',
    subscribed: 'subscribe',
    unsubscribed: 'unsubscribe',
    message: 'message',
    disconnected: 'disconnect',
    closed: 'close',
    error: 'error',
    subscribe: (service: string, data: string) => `socket.subscribe('${service}', ${JSON.stringify(data)})`,
    send: (service: string, data: string) => `nodefonyClient.send('${service}', ${JSON.stringify(data)})`,
    unsubscribe: (service: string, data: string) => `socket.unSubscribe('${service}', ${JSON.stringify(data)})`,
    stop: 'socket.stop()',
    // Its POST sets the cookie that its socket brings; the connect on that names no session.
    requests: ['POST'],
    connect: { channel: '/meta/connect' },
    // It asks for a subprotocol, which chromium wants to see answered.
    subprotocol: 'bayeux',
    // It drops an acknowledgement, which has no channel.
    acknowledged: false
  },
  'nodefony-stage': {
    page: 'nodefonyStage',
    loaded: 'window.stage?.realtime !== undefined',
    connected: 'onConnect',
    subscribed: 'onSubscribe',
    unsubscribed: 'onUnSubscribe',
    message: 'onMessage',
    disconnected: 'onDisconnect',
    closed: 'onClose',
    error: 'onError',
    subscribe: (service: string, data: string) => `realtime.subscribe('${service}', ${JSON.stringify(data)})`,
    send: (service: string, data: string) => `realtime.sendMessage('${service}', ${JSON.stringify(data)})`,
    unsubscribe: (service: string, data: string) => `realtime.unSubscribe('${service}', ${JSON.stringify(data)})`,
    stop: 'realtime.stop()',
    requests: ['GET', 'POST'],
    connect: { channel: '/meta/connect', clientId: /^[A-Za-z0-9]{27}$/, connectionType: 'WEBSOCKET' },
    subprotocol: null,
    // It fires a message for an acknowledgement: its id, and whether it was successful.
    acknowledged: true
  }
} as const

type ClientName = keyof typeof clients
type Fired = [name: string, ...details: any[]]

t.setTimeout(120_000)

inChromium(t, 'Nodefony in chromium', async (t, browser) => {
  for (const name of ['nodefony-client', 'nodefony-stage'] as const) {
    t.test(`the flow of ${name}`, t => flows(t, browser, name))
    t.test(`${name} when the server was restarted`, t => comesBack(t, browser, name))
  }
})

const named = (service: TcpService): RealtimeOptions => ({ services: { random: { port: service.port, domain: '127.0.0.1', framing: 'lines' } }, directory: 'full' })

/** Opens the page of a client and lets it connect. */
async function open (t: Test, browser: Browser, origin: string, name: ClientName, before?: (page: Page) => unknown) {
  const { page: global, loaded, connected } = clients[name]
  const requests: string[] = []
  const sockets: { sent: any[], received: any[] }[] = []
  const page = await openPage(t, browser, `${origin}/${name}`, async page => {
    await before?.(page)
    page.on('request', request => {
      if (new URL(request.url()).pathname === '/realtime') requests.push(request.method())
    })
    page.on('websocket', socket => {
      const frames: { sent: any[], received: any[] } = { sent: [], received: [] }
      sockets.push(frames)
      socket.on('framesent', ({ payload }) => frames.sent.push(JSON.parse(String(payload))))
      socket.on('framereceived', ({ payload }) => frames.received.push(JSON.parse(String(payload))))
    })
  })
  await until(() => page.evaluate(loaded), 'the client is loaded')
  const say = (expression: string) => page.evaluate(`void ${expression}`)
  const all = () => page.evaluate<Fired[]>(`${global}.fired`)
  const fires = async (event: string, count: number = 1) => {
    const fired = async () => (await all()).filter(([name]) => name === event)
    await until(async () => (await fired()).length >= count, `${count} times ${event}`)
    return (await fired())[count - 1]?.slice(1) as Message[]
  }
  await say(`${global}.open()`)
  await fires(connected)
  return { page, requests, sockets, say, all, fires }
}

async function flows (t: Test, browser: Browser, name: ClientName): Promise<void> {
  const client = clients[name]
  const service = await startTcpService(t)
  const protocols: (string | undefined)[] = []
  const gateway = await startClientPages(t, {
    ...named(service),
    onRequest: async request => {
      if (request.headers.upgrade !== undefined) protocols.push(request.headers['sec-websocket-protocol'])
    }
  })
  const { realtime } = gateway.app
  const { requests, sockets, say, all, fires } = await open(t, browser, gateway.origin, name)
  const [connect] = await fires(client.connected)
  const [[clientId, session] = []] = [...realtime.sessions]
  t.match(connect, { successful: true, clientId, data: { random: { type: 'tcp', port: service.port, domain: '127.0.0.1' } } })
  t.equal(realtime.metrics().handshakes, 1, 'the session is that of its handshake')
  t.equal(session?.transport, 'websocket')
  t.same(requests, client.requests)
  t.same(protocols, [client.subprotocol ?? undefined])

  await say(client.subscribe('random', 'start'))
  t.match(await fires(client.subscribed), ['random', { successful: true, subscription: '/service/random', clientId, ext: { socket: { type: 'tcp' } } }])
  const socket = await service.socket(0)
  await until(() => service.received[0] === 'start\n', 'the data of the subscription')
  socket.write('READY\n')
  t.same(await fires(client.message), ['random', 'READY'])

  await say(client.send('random', 'more'))
  await until(() => service.received[0] === 'start\nmore\n', 'the message')
  const acknowledgement = await (async () => {
    const found = () => sockets[0]?.received.find(({ id }) => id !== undefined)
    await until(found, 'the acknowledgement')
    return found()
  })()
  t.strictSame(Object.keys(acknowledgement).sort(), ['error', 'id', 'successful', 'version'])
  if (client.acknowledged) t.same(await fires(client.message, 2), [acknowledgement.id, true])
  const messages = client.acknowledged ? 2 : 1

  socket.write('42\n')
  t.same(await fires(client.message, messages + 1), ['random', '42'])
  await say(client.unsubscribe('random', 'bye'))
  t.match(await fires(client.unsubscribed), ['random', { successful: true }])
  await until(() => service.received[0] === 'start\nmore\nbye\n', 'last words')

  await say(client.subscribe('random', 'again'))
  const second = await service.socket(1)
  await fires(client.subscribed, 2)
  second.end('enough\n')
  t.same(await fires(client.message, messages + 2), ['random', 'enough'])
  t.match(await fires(client.unsubscribed, 2), ['random', { successful: true, ext: { service: { state: 'ended', reason: 'ended' } } }])
  await say(client.subscribe('random', 'once more'))
  await fires(client.subscribed, 3)

  await say(client.stop)
  await fires(client.disconnected)
  t.same(await fires(client.closed), [{ type: 'close', code: 1000 }])
  t.equal(realtime.sessions.size, 0)
  t.same((await all()).filter(([event]) => event === client.error), [])
  t.equal(sockets.length, 1)
  const [frames] = sockets
  t.ok([...frames?.sent ?? [], ...frames?.received ?? []].every(frame => !Array.isArray(frame)), 'each frame is one bare object')
  const connects = frames?.sent.filter(({ channel }) => channel === '/meta/connect')
  t.equal(connects?.length, 1, 'it connects once')
  t.match(connects?.[0], client.connect)
  if (name === 'nodefony-client') t.notOk('clientId' in connects?.[0], 'without a clientId')
}

/**
 * Both wait a minute and then start over by themselves: `nodefony-stage` with its GET, `nodefony-client` with a new
 * socket alone, on which its connect is a handshake of its own. Neither subscribes again: they forget what was subscribed,
 * and the application has to, when it is told that they are connected. (`nodefony-client` starts over after its `stop` too,
 * which does not call the `stopReConnect` that it has; `nodefony-stage` does.)
 */
async function comesBack (t: Test, browser: Browser, name: ClientName): Promise<void> {
  const client = clients[name]
  const service = await startTcpService(t)
  const first = await startClientPages(t, named(service))
  const { page, requests, sockets, say, fires } = await open(t, browser, first.origin, name, page => page.clock.install())
  await say(client.subscribe('random', 'start'))
  await fires(client.subscribed)
  const [before] = [...first.app.realtime.sessions.keys()]

  await first.app.close()
  await fires(client.closed)
  const second = await startClientPages(t, named(service), Number(new URL(first.origin).port))
  await page.clock.fastForward(60_000)

  const [connect] = await fires(client.connected, 2)
  t.match(connect, { successful: true })
  t.not(connect.clientId, before)
  t.same([...second.app.realtime.sessions.keys()], [connect.clientId])
  t.same(requests, name === 'nodefony-client' ? client.requests : [...client.requests, ...client.requests])
  t.equal(sockets.length, 2)
  await say(client.subscribe('random', 'again'))
  await fires(client.subscribed, 2)
  const socket = await service.socket(1)
  await until(() => service.received[1] === 'again\n', 'the data of the subscription')
  socket.write('welcome back\n')
  t.same(await fires(client.message), ['random', 'welcome back'])
}
