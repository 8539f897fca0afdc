/** Order and delivery (docs/protocol.md, section 8): one lane in, one outbox out. */
import t from 'tap'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

function gate () {
  let open = () => {}
  const opened = new Promise<void>(resolve => { open = resolve })
  return { open, opened }
}

t.test('three publishes in one batch, the first with an asynchronous policy', async t => {
  const { open, opened } = gate()
  const { url, wsUrl, app } = await startGateway(t, {
    policy: { canPublish: (_session, _channel, data) => data === 1 ? opened.then(() => true) : true }
  })
  const heard: unknown[] = []
  app.realtime.subscribe('/n', ({ data }) => heard.push(data))
  const socket = await SocketClient.connect(t, wsUrl)
  socket.send([1, 2, 3].map(data => ({ channel: '/n', clientId: socket.clientId, data, id: data })))
  const poller = await new PollClient(url).start()
  t.match(await poller.ask({ channel: '/n', data: 9 }), { successful: true }, 'another session does not wait')
  t.strictSame(heard, [9])
  open()
  const acknowledged = []
  for (let n = 0; n < 3; n++) acknowledged.push((await socket.next('/n')).id)
  t.strictSame(acknowledged, [1, 2, 3])
  t.strictSame(heard, [9, 1, 2, 3])
  const replies = await poller.send(...[1, 2, 3].map(data => ({ channel: '/n', clientId: poller.clientId, data, id: data })))
  t.strictSame(replies.map(reply => reply.id), [1, 2, 3])
  t.strictSame(heard, [9, 1, 2, 3, 1, 2, 3])
})

t.test('a slow service connect between two messages: the second waits, heartbeats and goodbyes do not', async t => {
  const service = await startTcpService(t)
  const { open, opened } = gate()
  const { wsUrl } = await startGateway(t, {
    services: { slow: { type: 'gated', framing: 'lines' }, never: { type: 'hanging' } },
    connectors: {
      gated: async () => {
        await opened
        const { connect } = await import('node:net')
        return connect(service.port, '127.0.0.1')
      },
      hanging: () => new Promise(() => {})
    }
  })
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  client.send([
    { channel: '/before', clientId, data: 1, id: 'before' },
    { channel: '/meta/subscribe', clientId, subscription: '/service/slow', data: 'first', id: 'subscribe' },
    { channel: '/service/slow', clientId, data: 'second', id: 'publish' },
    { channel: '/meta/connect', clientId, connectionType: 'websocket', advice: { timeout: 0 }, id: 'connect' }
  ])
  const order: string[] = []
  for (let n = 0; n < 2; n++) order.push((await client.next(message => message.id !== undefined)).id)
  t.strictSame(order, ['before', 'connect'])
  open()
  for (let n = 0; n < 2; n++) order.push((await client.next(message => message.id !== undefined)).id)
  t.strictSame(order, ['before', 'connect', 'subscribe', 'publish'])
  await until(() => service.received[0] === 'first\nsecond\n')

  client.send([{ channel: '/meta/subscribe', clientId, subscription: '/service/never', id: 'hangs' }])
  t.match(await client.ask({ channel: '/meta/unsubscribe', clientId, subscription: '/service/never' }), { successful: true })
  t.match(await client.next(message => message.id === 'hangs'), { successful: false, error: /^403:\/service\/never:Unsubscribed/ })
  t.match(await client.ask({ channel: '/meta/disconnect', clientId }), { successful: true })
})

t.test('a service that speaks before its subscribe is answered: the answer first, though an extension takes its time', async t => {
  const service = await startTcpService(t, socket => socket.write('one\ntwo\n'))
  const { open, opened } = gate()
  const { wsUrl } = await startGateway(t, {
    services: { eager: { port: service.port, framing: 'lines' } },
    extensions: [{
      name: 'slow replies',
      outgoing: message => 'subscription' in message ? opened.then(() => ({ ...message, ext: { late: true } })) : undefined
    }]
  })
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  client.send([{ channel: '/meta/subscribe', clientId, subscription: '/service/eager' }])
  await until(() => service.sockets.length === 1)
  open()
  await client.next(message => message.data === 'two')
  const all = client.frames.flatMap(frame => JSON.parse(frame)).slice(2)
  t.match(all, [{ channel: '/meta/subscribe', ext: { late: true } }, { data: 'one' }, { data: 'two' }])
})

t.test('one delivery a session for overlapping patterns, and nothing of /service or /meta by a wildcard', async t => {
  const service = await startTcpService(t, socket => socket.write('mine\n'))
  const { wsUrl, app } = await startGateway(t, { services: { one: { port: service.port, framing: 'lines' } } })
  const client = await SocketClient.connect(t, wsUrl)
  const other = await SocketClient.connect(t, wsUrl)
  const heard: string[] = []
  app.realtime.subscribe('/**', ({ channel }) => heard.push(channel))
  app.realtime.subscribe('/*', ({ channel }) => heard.push(channel))
  for (const subscription of ['/a/b', '/a/*', '/a/**', '/**', '/*']) await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription })
  await other.ask({ channel: '/meta/subscribe', clientId: other.clientId, subscription: '/service/one' })
  await other.next('/service/one')
  await other.ask({ channel: '/service/one', clientId: other.clientId, data: 'to the service' })
  await other.ask({ channel: '/a/b', clientId: other.clientId, data: 'x' })
  await other.ask({ channel: '/end', clientId: other.clientId, data: 'x' })
  await client.next('/end')
  t.strictSame(client.messages.map(({ channel }) => channel), ['/a/b'])
  t.strictSame(heard, ['/a/b', '/end', '/end'], 'the second listener hears one segment only')
})

t.test('a publisher that subscribes gets its own message too', async t => {
  const { wsUrl } = await startGateway(t)
  const client = await SocketClient.connect(t, wsUrl)
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/a' })
  client.send([{ channel: '/a', clientId: client.clientId, data: 'echo', id: 1 }])
  t.match(await client.next(message => message.data === 'echo'), { channel: '/a' })
})

t.test('the lane is bounded: over HTTP 429, on a WebSocket the client is not read', async t => {
  const { open, opened } = gate()
  const { url, wsUrl } = await startGateway(t, { limits: { lane: 3 }, policy: { canPublish: () => opened.then(() => true) } })
  const poller = await new PollClient(url).start()
  const asked = poller.send(...[1, 2, 3, 4, 5].map(id => ({ channel: '/a', clientId: poller.clientId, data: 1, id })))
  const socket = await SocketClient.connect(t, wsUrl)
  for (let id = 0; id < 20; id++) socket.send([{ channel: '/a', clientId: socket.clientId, data: 1, id }])
  open()
  t.strictSame((await asked).map(reply => reply.successful ? 'ok' : reply.error.slice(0, 3)), ['ok', 'ok', 'ok', 'ok', '429'])
  for (let id = 0; id < 20; id++) t.match(await socket.next(message => message.id === id), { successful: true })
})

t.test('a policy or an extension that throws is a 500 without detail, and the next message is handled', async t => {
  const { url } = await startGateway(t, {
    policy: {
      canPublish: (_session, channel) => {
        if (channel === '/throws') throw new Error('secret detail')
        return channel === '/rejects' ? Promise.reject(new Error('secret detail')) : true
      }
    },
    extensions: [{ name: 'picky', incoming: message => message.channel === '/no' ? '403:/no:Not today' : undefined }]
  })
  const client = await new PollClient(url).start()
  const { clientId } = client
  const replies = await client.send(...['/throws', '/rejects', '/no', '/fine'].map(channel => ({ channel, clientId, data: 1 })))
  t.match(replies, [{ error: '500::Internal error' }, { error: '500::Internal error' }, { error: '403:/no:Not today' }, { successful: true }])
})

t.test('policy: what is not allowed is refused by name', async t => {
  const { url } = await startGateway(t, {
    policy: {
      canSubscribe: (_session, channel) => channel !== '/secret',
      canPublish: async (_session, channel) => channel === '/open' ? true : '429:slow:Slow down'
    }
  })
  const client = await new PollClient(url).start()
  t.match(await client.ask({ channel: '/meta/subscribe', subscription: '/secret' }), { successful: false, subscription: '/secret', error: /^403:\/secret:/ })
  t.match(await client.ask({ channel: '/meta/subscribe', subscription: '/open' }), { successful: true })
  t.match(await client.ask({ channel: '/else', data: 1 }), { error: '429:slow:Slow down' })
  t.match(await client.ask({ channel: '/open', data: 1 }), { successful: true })
  t.match(await client.ask({ channel: '/open/*', data: 1 }), { error: /^405:/ })
})

t.test('authenticate: identity of the session, or 401', async t => {
  const { url, app } = await startGateway(t, {
    authenticate: async (request, handshake) => {
      if (request.headers.authorization === undefined) throw new Error('who are you?')
      return { name: request.headers.authorization, asked: handshake.ext }
    },
    policy: { canHandshake: (_caller, _message, identity) => (identity as { name: string }).name !== 'banned' }
  })
  const client = new PollClient(url)
  const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'], ext: { asked: 1 } }
  const post = async (authorization?: string) => (await (await client.post([handshake], authorization === undefined ? {} : { authorization })).json() as { [key: string]: unknown }[])[0]
  t.match(await post(), { successful: false, error: '401::Not authenticated', advice: { reconnect: 'none' } })
  t.match(await post('banned'), { successful: false, error: /^403:/ })
  const reply = await post('ada')
  t.strictSame(app.realtime.sessions.get(reply?.clientId as string)?.identity, { name: 'ada', asked: { asked: 1 } })
})

t.test('only true allows: a policy that forgets to answer refuses', async t => {
  const silent = () => {}
  const { url } = await startGateway(t, { policy: { canSubscribe: silent as never, canPublish: (async () => {}) as never } })
  const client = await new PollClient(url).start()
  t.match(await client.ask({ channel: '/meta/subscribe', subscription: '/a' }), { successful: false, error: /^403:/ })
  t.match(await client.ask({ channel: '/a', data: 1 }), { successful: false, error: /^403:/ })
  const closed = await startGateway(t, { policy: { canHandshake: silent as never } })
  t.match(await new PollClient(closed.url).handshake(), { successful: false, error: /^403:/, advice: { reconnect: 'none' } })
})

t.test('a handshake refused by an extension advises none, one that failed inside advises to come back', async t => {
  for (const [says, error, advice] of [[() => false, /^403:/, { reconnect: 'none' }], [() => { throw new Error('on purpose') }, /^500:/, { reconnect: 'handshake', interval: 5000 }]] as const) {
    const { url } = await startGateway(t, { extensions: [{ name: 'no', incoming: says }] })
    t.match(await new PollClient(url).handshake(), { successful: false, error, advice })
  }
})

t.test('the bound of subscriptions holds, though a policy takes its time', async t => {
  const { url, app } = await startGateway(t, { limits: { subscriptions: 2 }, policy: { canSubscribe: async () => true } })
  const client = await new PollClient(url).start()
  const replies = await client.send({ channel: '/meta/subscribe', clientId: client.clientId, subscription: ['/a', '/b', '/c', '/d'] })
  t.strictSame(replies.map(reply => reply.error?.slice(0, 3) ?? 'ok'), ['ok', 'ok', '429', '429'])
  t.equal(app.realtime.metrics().subscriptions, 2)
})
