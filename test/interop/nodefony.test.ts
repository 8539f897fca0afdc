/** The flow of Nodefony's readme, word for word, and its dialect (docs/protocol.md, section 6). */
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient, type Message } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

/** The configuration of the readme, with the ports of this test and `system` indented as `services` is, or it is no YAML. */
const yaml = (random: number, dmsg: number) => `
 system:
    reconnect:
      handshake:               \ttrue
      connect:                  true

  services:
    random:
      type:                     tcp
      port:                     ${random}
      domain:                   localhost
      
    dmsg:
      type:                     tcp
      port:                     ${dmsg}
      domain:                   localhost
`.replace(/^ system/m, '  system')

async function nodefony (t: Test) {
  const random = await startTcpService(t, socket => {
    socket.write('READY')
    socket.on('data', data => {
      if (String(data).includes('start')) socket.write('{"jsonrpc":"2.0","result":68,"error":null,"id":null}')
    })
  })
  const dmsg = await startTcpService(t)
  const options = parse(yaml(random.port, dmsg.port))
  const gateway = await startGateway(t, { ...options, directory: 'full' })
  return { random, dmsg, gateway }
}

/** GET, POST of one bare handshake, WebSocket on the same URL, bare connect. */
async function connect (t: Test, url: string, wsUrl: string) {
  const probe = await fetch(url)
  t.equal(probe.status, 200)
  const http = new PollClient(url)
  http.cookie = (probe.headers.getSetCookie()[0] as string).split(';')[0] as string
  const response = await http.post({ version: '1.0', channel: '/meta/handshake', minimumVersion: '1.0', supportedConnectionTypes: ['websocket', 'poll', 'long-polling'] })
  const handshake = await response.json() as Message
  const socket = await SocketClient.open(t, wsUrl, { headers: { cookie: http.cookie } })
  socket.send({ channel: '/meta/connect', clientId: handshake.clientId, connectionType: 'WEBSOCKET' })
  const connected = await socket.next('/meta/connect')
  return { http, handshake, socket, connected, clientId: handshake.clientId as string }
}

t.test('the readme, word for word', async t => {
  const { random, dmsg, gateway } = await nodefony(t)
  const { handshake, socket, connected, clientId } = await connect(t, gateway.url, gateway.wsUrl)
  const { port, host } = new URL(gateway.url)

  t.match(handshake, {
    version: '1.0',
    channel: '/meta/handshake',
    successful: true,
    clientId: /^[A-Za-z0-9]{27}$/,
    supportedConnectionTypes: ['websocket', 'long-polling'],
    advice: { reconnect: 'retry' },
    ext: { url: { protocol: 'ws:', host, hostname: '127.0.0.1', port, pathname: '/realtime', href: gateway.wsUrl } }
  })

  const { timestamp, ext, ...rest } = connected
  t.strictSame(rest, {
    version: '1.0',
    channel: '/meta/connect',
    successful: true,
    error: '',
    clientId,
    advice: { reconnect: 'retry' },
    data: {
      random: { type: 'tcp', port: random.port, domain: 'localhost' },
      dmsg: { type: 'tcp', port: dmsg.port, domain: 'localhost' }
    }
  })
  t.equal(new Date(timestamp).toISOString(), timestamp)
  t.strictSame(Object.keys(ext), ['address'])
  t.strictSame(JSON.parse(ext.address), {
    remoteAddress: '127.0.0.1',
    host: {
      protocol: 'http:',
      slashes: true,
      auth: null,
      host,
      port,
      hostname: '127.0.0.1',
      hash: null,
      search: null,
      query: null,
      pathname: '/',
      path: '/',
      href: `http://${host}/`
    }
  })

  const start = JSON.stringify({ method: 'start', params: [5000] })
  socket.send({ channel: '/meta/subscribe', clientId, subscription: '/service/random', data: start })
  const subscribed = await socket.next('/meta/subscribe')
  t.match(subscribed, { version: '1.0', successful: true, error: '', clientId, subscription: '/service/random', ext: { socket: { type: 'tcp' } } })
  // Without a framing the two may come in one piece, as TCP has it.
  const said = [await socket.next('/service/random')]
  while (!said.map(each => each.data).join('').includes('result')) said.push(await socket.next('/service/random'))
  t.equal(said.map(each => each.data).join(''), 'READY{"jsonrpc":"2.0","result":68,"error":null,"id":null}')
  t.strictSame(Object.keys(said[0]), ['version', 'channel', 'data', 'clientId'])
  t.match(said[0], { version: '1.0', channel: '/service/random', clientId })
  t.equal(random.received[0], start, 'the data of the subscribe was the first thing written')

  socket.send({ channel: '/service/random', clientId, id: 1432717392634, data: 'more' })
  const acknowledged = await socket.next(message => message.id === 1432717392634)
  t.strictSame(acknowledged, { version: '1.0', successful: true, error: '', id: 1432717392634 })
  await until(() => random.received[0] === start + 'more')

  socket.send({ channel: '/meta/unsubscribe', clientId, subscription: '/service/random', data: 'bye' })
  t.match(await socket.next('/meta/unsubscribe'), { version: '1.0', successful: true, error: '', subscription: '/service/random' })
  await until(() => random.received[0] === start + 'morebye')

  socket.send({ channel: '/meta/disconnect', clientId })
  t.match(await socket.next('/meta/disconnect'), { successful: true, clientId })
  t.equal((await socket.waitClosed()).code, 1000, 'the server hangs up')
  for (const frame of socket.frames) t.notOk(Array.isArray(JSON.parse(frame)), 'one bare object a frame')
})

t.test('a service that ends is told as /meta/unsubscribe, once', async t => {
  const { random, gateway } = await nodefony(t)
  const { socket, clientId } = await connect(t, gateway.url, gateway.wsUrl)
  socket.send({ channel: '/meta/subscribe', clientId, subscription: '/service/random', data: null })
  await socket.next('/service/random')
  t.equal(random.received[0], '', 'data: null writes nothing')
  random.sockets[0]?.end('last words')
  t.match(await socket.next('/service/random'), { data: 'last words' })
  t.match(await socket.next('/meta/unsubscribe'), { version: '1.0', successful: true, subscription: '/service/random', ext: { service: { reason: 'ended' } } })
  socket.send({ channel: '/service/random', clientId, data: 'x' })
  t.match(await socket.next(message => message.successful === false), { error: /^404:\/service\/random:/ })
})

t.test('refused, unknown and hanging services are told as 403, 404 and 408', async t => {
  const closed = await startTcpService(t)
  closed.server.close()
  const gateway = await startGateway(t, {
    services: { refused: { port: closed.port }, silent: { type: 'never' } },
    connectors: { never: () => new Promise(() => {}) },
    limits: { upstreamConnect: 50 }
  })
  const { socket, clientId } = await connect(t, gateway.url, gateway.wsUrl)
  for (const [name, error] of [['refused', /^403:/], ['unknown', /^404:/], ['silent', /^408:/]] as const) {
    socket.send({ channel: '/meta/subscribe', clientId, subscription: `/service/${name}` })
    t.match(await socket.next('/meta/subscribe'), { successful: false, subscription: `/service/${name}`, error })
  }
})

t.test('the session ends with its socket, and its services with it', async t => {
  const { random, gateway } = await nodefony(t)
  const { socket, clientId } = await connect(t, gateway.url, gateway.wsUrl)
  socket.send({ channel: '/meta/subscribe', clientId, subscription: '/service/random' })
  await socket.next('/meta/subscribe')
  socket.ws.close()
  await until(() => random.sockets[0]?.readableEnded)
  t.equal(gateway.app.realtime.sessions.size, 0)
})

t.test('a connect without clientId takes up the handshake of its cookie, or is one itself', async t => {
  const { gateway } = await nodefony(t)
  const http = new PollClient(gateway.url)
  const handshake = await (await http.post({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] })).json() as Message
  const known = await SocketClient.open(t, gateway.wsUrl, { headers: { cookie: http.cookie as string } })
  known.send({ channel: '/meta/connect', connectionType: 'WEBSOCKET' })
  t.equal((await known.next('/meta/connect')).clientId, handshake.clientId)
  const unknown = await SocketClient.open(t, gateway.wsUrl)
  unknown.send({ channel: '/meta/connect', connectionType: 'WEBSOCKET' })
  const fresh = await unknown.next('/meta/connect')
  t.match(fresh, { successful: true, clientId: /^[A-Za-z0-9]{27}$/ })
  t.not(fresh.clientId, handshake.clientId)
})

t.test('an implicit handshake passes policy and authentication too', async t => {
  const gateway = await startGateway(t, { policy: { canHandshake: () => false } })
  const socket = await SocketClient.open(t, gateway.wsUrl)
  socket.send({ channel: '/meta/connect', connectionType: 'WEBSOCKET' })
  t.match(await socket.next('/meta/connect'), { successful: false, error: /^403:/, advice: { reconnect: 'none' } })
})

t.test('system.reconnect false says none', async t => {
  const gateway = await startGateway(t, { system: { reconnect: { handshake: false, connect: false } } })
  const { handshake, connected } = await connect(t, gateway.url, gateway.wsUrl)
  t.equal(handshake.advice.reconnect, 'none')
  t.equal(connected.advice.reconnect, 'none')
})

t.test('the later client names no connection type: in the dialect it is a WebSocket, elsewhere a 400', async t => {
  const { gateway } = await nodefony(t)
  const socket = await SocketClient.open(t, gateway.wsUrl)
  socket.send({ channel: '/meta/connect' })
  t.match(await socket.next('/meta/connect'), { successful: true, clientId: /^[A-Za-z0-9]{27}$/ })
  const poller = new PollClient(gateway.url)
  await poller.handshake()
  t.match(await poller.ask({ channel: '/meta/connect' }), { successful: false, error: /^400:.*Connection type not supported/ })
})
