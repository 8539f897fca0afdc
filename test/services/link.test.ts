/** Conversations with services: what breaks, what is bounded, and back-pressure both ways. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { decodeZ85, encodeZ85 } from '../../lib/protocol/binary.js'
import { startGateway } from '../harness/gateway.js'
import { startMeasuredGateway } from '../harness/measured-gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { startCaller } from '../harness/service-caller.js'
import { SocketClient } from '../harness/socket-client.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until, within } from '../harness/until.js'

/** A gateway with one TCP service `echo` over lines, and a client that subscribed to it. */
async function conversation (t: Test, onConnection: (socket: Socket) => void = () => {}, options: RealtimeOptions = {}) {
  const service = await startTcpService(t, onConnection)
  const gateway = await startGateway(t, { services: { echo: { port: service.port, framing: 'lines' } }, ...options })
  const client = await SocketClient.connect(t, gateway.wsUrl)
  const subscribed = await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/echo' })
  t.match(subscribed, { successful: true, ext: { socket: { id: /^echo-\d+$/, type: 'tcp' } } })
  const publish = (data: unknown) => client.ask({ channel: '/service/echo', clientId: client.clientId, data })
  return { service, gateway, client, publish, socket: await service.socket(0) }
}

t.test('both ways, a message a line, and unsubscribe flushes its data', async t => {
  const { client, publish, service, socket } = await conversation(t)
  socket.write('un\r\ndeux\ntr')
  t.equal((await client.next('/service/echo')).data, 'un')
  t.equal((await client.next('/service/echo')).data, 'deux')
  socket.write(Buffer.from('ois é').subarray(0, -1))
  socket.write(Buffer.from('é\n').subarray(1))
  t.equal((await client.next('/service/echo')).data, 'trois é')
  t.match(await publish('hello'), { successful: true })
  t.match(await publish({ json: true }), { successful: true })
  t.match(await publish('two\nlines'), { successful: false, error: /^422:\/service\/echo:/ })
  await client.ask({ channel: '/meta/unsubscribe', clientId: client.clientId, subscription: '/service/echo', data: 'bye' })
  await until(() => service.received[0] === 'hello\n{"json":true}\nbye\n')
  await until(() => socket.readableEnded)
  t.match(await publish('late'), { successful: false, error: '404:/service/echo:Service is not subscribed' })
  t.match(await client.ask({ channel: '/meta/unsubscribe', clientId: client.clientId, subscription: '/service/echo' }), { successful: true }, 'gone already: harmless')
})

t.test('a service that ends is told with its last words, and can be subscribed again', async t => {
  const { client, socket, service } = await conversation(t)
  socket.end('last line, unfinished')
  t.equal((await client.next('/service/echo')).data, 'last line, unfinished')
  t.match(await client.next('/meta/unsubscribe'), { successful: true, subscription: '/service/echo', clientId: client.clientId, ext: { service: { state: 'ended', reason: 'ended' } } })
  t.match(await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/echo' }), { successful: true })
  await service.socket(1)
})

t.test('a service that resets is told as 502, a flood without a line end as 413; nobody else is hurt', async t => {
  const { gateway, client, socket, service } = await conversation(t)
  const other = await SocketClient.connect(t, gateway.wsUrl)
  await other.ask({ channel: '/meta/subscribe', clientId: other.clientId, subscription: '/service/echo' })
  socket.resetAndDestroy()
  t.match(await client.next('/meta/unsubscribe'), { ext: { service: { reason: 'broken', error: /^502:\/service\/echo:/ } } })
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/echo' })
  const flood = await service.socket(2)
  flood.write('fine\n')
  flood.write('x'.repeat(300 * 1024))
  t.equal((await client.next('/service/echo')).data, 'fine')
  t.match(await client.next('/meta/unsubscribe'), { ext: { service: { reason: 'too large', error: /^413:/ } } })
  service.sockets[1]?.write('hello\n')
  t.equal((await other.next('/service/echo')).data, 'hello')
})

t.test('a service that half-closes still gets what its client writes before it knows', async t => {
  const { client, socket, service } = await conversation(t)
  client.send([{ channel: '/service/echo', clientId: client.clientId, data: 'a' }])
  await until(() => service.received[0] === 'a\n')
  socket.end()
  await client.next('/meta/unsubscribe')
  await within(once(socket, 'close'), 'close')
})

t.test('refused, unreachable, hanging and failing connectors', async t => {
  const gone = await startTcpService(t)
  gone.server.close()
  let aborted = false
  let late: Duplex | undefined
  const { wsUrl } = await startGateway(t, {
    services: {
      refused: { port: gone.port },
      nowhere: { port: 1, domain: 'no-such-host.invalid' },
      hanging: { type: 'hanging', connectTimeout: 50 },
      late: { type: 'late', connectTimeout: 20 },
      throwing: { type: 'throwing' }
    },
    connectors: {
      hanging: (_service, { signal }) => new Promise(() => signal.addEventListener('abort', () => { aborted = true })),
      late: () => new Promise(resolve => setTimeout(() => {
        late = new Duplex({ read () {}, write () {} })
        resolve(late)
      }, 100)),
      throwing: () => { throw new Error('no detail of this leaks') }
    }
  })
  const client = await SocketClient.connect(t, wsUrl)
  const subscribe = (name: string) => client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: `/service/${name}` })
  t.match(await subscribe('refused'), { successful: false, subscription: '/service/refused', error: '403:/service/refused:Connection refused' })
  t.match(await subscribe('nowhere'), { successful: false, error: '502:/service/nowhere:Service failed' })
  t.match(await subscribe('hanging'), { successful: false, error: '408:/service/hanging:Service did not answer in time' })
  t.ok(aborted)
  t.match(await subscribe('throwing'), { successful: false, error: '502:/service/throwing:Service failed' })
  t.match(await subscribe('unknown'), { successful: false, error: '404:/service/unknown:Unknown service' })
  t.match(await subscribe('late'), { successful: false, error: /^408:/ })
  await until(() => late?.destroyed)
})

t.test('services open a session, and sockets in all, are bounded', async t => {
  const service = await startTcpService(t)
  const services = { a: { port: service.port }, b: { port: service.port }, c: { port: service.port } }
  const { wsUrl } = await startGateway(t, { services, limits: { services: 2, upstreamSockets: 3 } })
  const one = await SocketClient.connect(t, wsUrl)
  const two = await SocketClient.connect(t, wsUrl)
  const subscribe = (client: typeof one, name: string) => client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: `/service/${name}` })
  await subscribe(one, 'a')
  await subscribe(one, 'b')
  t.match(await subscribe(one, 'c'), { error: /^429:\/service\/c:/ })
  await subscribe(two, 'a')
  t.match(await subscribe(two, 'b'), { error: /^503:\/service\/b:/ })
  await one.ask({ channel: '/meta/disconnect', clientId: one.clientId })
  for (const socket of service.sockets.slice(0, 2)) socket.end()
  await until(async () => (await subscribe(two, 'b')).successful)
})

t.test('authorize decides who may open a service', async t => {
  const service = await startTcpService(t)
  const { wsUrl } = await startGateway(t, {
    services: { vault: { port: service.port, authorize: session => session.identity === 'admin' } },
    authenticate: (_request, handshake) => handshake.ext?.['user' as never] ?? null
  })
  for (const user of ['admin', 'guest']) {
    const client = await SocketClient.open(t, wsUrl)
    const { clientId } = await client.ask({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'], ext: { user } })
    t.match(await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/vault' }), user === 'admin' ? { successful: true } : { successful: false, error: /^403:/ })
  }
  t.equal(service.sockets.length, 1)
})

t.test('a conversation is parked while its session is between connections', async t => {
  const { gateway, client, socket, service } = await conversation(t)
  client.ws.terminate()
  await until(() => gateway.app.realtime.sessions.get(client.clientId)?.transport === null)
  socket.write('while away\n')
  const back = await SocketClient.open(t, gateway.wsUrl)
  back.send([{ channel: '/meta/connect', clientId: client.clientId, connectionType: 'websocket' }])
  t.equal((await back.next('/service/echo')).data, 'while away')
  t.match(await back.ask({ channel: '/service/echo', clientId: client.clientId, data: 'back' }), { successful: true })
  await until(() => service.received[0] === 'back\n')
})

t.test('a session that expires ends its conversations', async t => {
  const { client, socket } = await conversation(t, undefined, { maxInterval: 20 })
  client.ws.terminate()
  await within(once(socket, 'end'), 'end')
})

t.test('an idle conversation is ended where the service says so', async t => {
  const service = await startTcpService(t)
  const { wsUrl } = await startGateway(t, { services: { quiet: { port: service.port, idleTimeout: 50 } } })
  const client = await SocketClient.connect(t, wsUrl)
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/quiet' })
  t.match(await client.next('/meta/unsubscribe'), { ext: { service: { reason: 'idle' } } })
})

t.test('a service that reads too slowly: acknowledgements are withheld, then 503; other messages go on', async t => {
  const { client, gateway, service } = await conversation(t, socket => socket.pause(), { limits: { serviceBusy: 300, serviceWaiting: 64 * 1024, serviceBound: 512 * 1024 } })
  const { clientId } = client
  const line = 'x'.repeat(100_000)
  const answers = new Map<number, boolean>()
  let sent = 0
  const publish = () => client.send([{ channel: '/service/echo', clientId, data: `${sent}:${line}`, id: sent++ }])
  while (![...answers.values()].includes(false)) {
    publish()
    t.match(await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/other' }), { successful: true }, 'others go on')
    for (let at = client.messages.findIndex(each => typeof each.id === 'number'); at !== -1; at = client.messages.findIndex(each => typeof each.id === 'number')) {
      const [reply] = client.messages.splice(at, 1)
      answers.set(reply.id, reply.successful)
      if (!reply.successful) t.match(reply.error, /^503:\/service\/echo:Service is busy/)
    }
  }
  t.ok(gateway.app.realtime.metrics().servicePauses > 0)
  service.sockets[0]?.resume()
  while (answers.size < sent) {
    const reply = await client.next(each => typeof each.id === 'number')
    answers.set(reply.id, reply.successful)
  }
  const accepted = [...answers].filter(([, successful]) => successful).map(([id]) => id).sort((a, b) => a - b)
  t.ok(accepted.length > 0 && accepted.length < sent)
  const arrived = () => (service.received[0] as string).split('\n').filter(each => each !== '').map(each => Number.parseInt(each, 10))
  await until(() => arrived().length >= accepted.length)
  t.strictSame(arrived(), accepted, 'what was acknowledged was written, in order; what was refused was not')
})

t.test('a service that reads nothing: what waits for it is bounded, and more is refused at once', async t => {
  const { client } = await conversation(t, socket => socket.pause(), { limits: { serviceBusy: 3_600_000, serviceWaiting: 64 * 1024, serviceBound: 512 * 1024 } })
  const line = 'x'.repeat(100_000)
  let refused
  for (let id = 0; refused === undefined; id++) {
    client.send([{ channel: '/service/echo', clientId: client.clientId, data: line, id }, { channel: '/nobody', clientId: client.clientId, data: 1, id: `after ${id}` }])
    await client.next(message => message.id === `after ${id}`)
    refused = client.messages.find(message => message.successful === false)
  }
  t.match(refused, { error: /^503:\/service\/echo:Service is busy/ })
})

t.test('a service that breaks while publishes wait for it: they are refused, not acknowledged', async t => {
  const { client, gateway, socket } = await conversation(t, socket => socket.pause(), { limits: { serviceBusy: 3_600_000, serviceWaiting: 64 * 1024 } })
  const line = 'x'.repeat(100_000)
  let sent = 0
  while (gateway.app.realtime.metrics().servicePauses === 0) {
    client.send([{ channel: '/service/echo', clientId: client.clientId, data: line, id: ++sent }])
    await client.ask({ channel: '/chat', clientId: client.clientId, data: 1 })
  }
  socket.resetAndDestroy()
  t.match(await client.next(({ id }) => id === sent), { successful: false, error: /^502:/ })
})

t.test('a write that fails is the end of what waits behind it', async t => {
  let fail = () => {}
  const { wsUrl, app } = await startGateway(t, {
    services: { frail: { type: 'frail', framing: 'lines' } },
    limits: { serviceWaiting: 10 },
    connectors: {
      frail: () => new Duplex({
        read () {},
        write (_chunk, _encoding, done) { fail = () => done(new Error('no more')) }
      })
    }
  })
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/frail' })
  client.send(['one, longer than ten', 'two', 'three'].map((data, id) => ({ channel: '/service/frail', clientId, data, id })))
  t.match(await client.next(({ id }) => id === 0), { successful: true })
  await until(() => app.realtime.metrics().servicePauses === 2)
  fail()
  for (const asked of [1, 2]) t.match(await client.next(({ id }) => id === asked), { successful: false, error: /^502:/ })
})

t.test('messages in boxes are bounded too', async t => {
  const { wsUrl } = await startGateway(t, {
    services: { boxes: { type: 'boxes' } },
    limits: { serviceMessage: 1000 },
    connectors: {
      boxes: () => {
        const boxes = [Buffer.alloc(1000, 'a'), 'text of any length'.repeat(1000), null, Buffer.alloc(1001, 'b'), Buffer.from('never')]
        return new Duplex({
          objectMode: true,
          read () {
            const data = boxes.shift()
            if (data !== undefined) this.push({ data })
          },
          write: (_box, _encoding, done) => done()
        })
      }
    }
  })
  const client = await SocketClient.connect(t, wsUrl)
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/boxes' })
  for (const expected of ['a'.repeat(1000), 'text of any length'.repeat(1000), null]) t.equal((await client.next('/service/boxes')).data, expected)
  t.match(await client.next('/meta/unsubscribe'), { ext: { service: { reason: 'too large', error: /^413:/ } } })
  t.notOk(client.messages.some(({ data }) => data === 'never'))
})

t.test('unsubscribed while its target is looked for: nobody connects', async t => {
  let found = () => {}
  let connected = 0
  const { wsUrl } = await startGateway(t, {
    services: { slow: { type: 'counting', resolve: () => new Promise(resolve => { found = () => resolve({}) }) } },
    connectors: {
      counting: () => {
        connected++
        return new Duplex({ read () {}, write: (_chunk, _encoding, done) => done() })
      }
    }
  })
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  client.send([{ channel: '/meta/subscribe', clientId, subscription: '/service/slow', id: 'subscribe' }])
  t.match(await client.ask({ channel: '/meta/unsubscribe', clientId, subscription: '/service/slow' }), { successful: true })
  found()
  t.match(await client.next(({ id }) => id === 'subscribe'), { successful: false, error: '403:/service/slow:Unsubscribed before it was connected' })
  t.equal(connected, 0)
})

t.test('100 MB from a service to a client that reads slowly: every byte, and flat memory', async t => {
  const MB = 1024 * 1024
  const TOTAL = 100
  const block = Buffer.alloc(MB, 'abcdefghijklmnopqrstuvwxyz012345')
  const sentHash = createHash('sha256')
  let written = 0
  const pump = async (socket: Socket) => {
    for (; written < TOTAL; written++) {
      block.writeUInt32BE(0x30303030 + written, 0)
      const chunk = Buffer.from(block.toString('latin1').replace(/[^a-z0-9]/g, 'x'))
      sentHash.update(chunk)
      if (!socket.write(chunk)) await once(socket, 'drain')
    }
    socket.end()
  }
  const service = await startTcpService(t, socket => { pump(socket).catch(() => {}) })
  // In a process of its own, so that what is measured is the gateway's.
  const gateway = await startMeasuredGateway(t, { services: { feed: { port: service.port } } })
  const client = await SocketClient.connect(t, gateway.wsUrl)
  const receivedHash = createHash('sha256')
  let received = 0
  const ends: unknown[] = []
  client.ws.removeAllListeners('message')
  client.ws.on('message', data => {
    for (const message of JSON.parse(String(data))) {
      if (message.channel === '/service/feed') {
        receivedHash.update(message.data)
        received += message.data.length
      } else if (message.channel === '/meta/unsubscribe') ends.push(message.ext.service)
    }
  })
  const before = await gateway.measure()
  client.ws.pause()
  client.send([{ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/feed' }])
  await until(async () => (await gateway.measure()).metrics.clientPauses > 0)
  const still = () => {
    let last = -1
    return until(async () => {
      const stands = last === written
      last = written
      await new Promise(resolve => setTimeout(resolve, 20))
      return stands && written > 0
    }, 'the service stands still')
  }
  await still()
  t.ok(written < TOTAL / 2, `the service was stopped after ${written} MB`)
  let highest = 0
  let ahead = 0
  for (let turn = 0; ends.length === 0; turn++) {
    client.ws.resume()
    await new Promise(resolve => setTimeout(resolve, 5))
    client.ws.pause()
    ahead = Math.max(ahead, written * MB - received)
    if (turn % 20 > 0) continue
    await still()
    highest = Math.max(highest, (await gateway.measure()).heap)
  }
  t.equal(received, TOTAL * MB)
  t.match(ends, [{ reason: 'ended' }])
  t.equal(receivedHash.digest('hex'), sentHash.digest('hex'))
  // A kernel takes what it likes on the way: 32 MB a socket, on some machines. Without back-pressure it would be all.
  t.ok(ahead < TOTAL / 2 * MB, `the service was ${Math.round(ahead / MB)} MB ahead of the client at most, socket buffers included`)
  t.ok(highest - before.heap < 20 * MB, `the gateway held ${((highest - before.heap) / MB).toFixed(1)} MB more than before at most`)
})

t.test('over long-polling too: nothing is lost between two polls, and the service waits', async t => {
  const COUNT = 20_000
  const service = await startTcpService(t, socket => {
    let n = 0
    const write = () => {
      while (n < COUNT) if (!socket.write(`${n++} ${'x'.repeat(100)}\n`)) return socket.once('drain', write)
      socket.end()
    }
    write()
  })
  const { url } = await startGateway(t, { services: { feed: { port: service.port, framing: 'lines' } } })
  const client = await new PollClient(url).start()
  await client.ask({ channel: '/meta/subscribe', subscription: '/service/feed' })
  const numbers: number[] = []
  for (let ended = false; !ended;) {
    for (const message of await client.connect()) {
      if (message.channel === '/service/feed') numbers.push(Number.parseInt(message.data, 10))
      else if (message.channel === '/meta/unsubscribe') ended = true
    }
  }
  t.equal(numbers.length, COUNT)
  t.ok(numbers.every((n, index) => n === index))
})

t.test('json: clients get values, and theirs are written as JSON; what is none is dropped and counted', async t => {
  const service = await startTcpService(t, socket => socket.write('{"n":1}\nno json\n[2]\n'))
  const { app, wsUrl } = await startGateway(t, { services: { feed: { port: service.port, framing: 'lines', encoding: 'json' } } })
  const client = await SocketClient.connect(t, wsUrl)
  const { clientId } = client
  await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/feed', data: { method: 'start' } })
  t.strictSame((await client.next('/service/feed')).data, { n: 1 })
  t.strictSame((await client.next('/service/feed')).data, [2])
  t.equal(app.realtime.metrics().serviceDropped, 1)
  t.match(await client.ask({ channel: '/service/feed', clientId, data: 'text' }), { successful: true })
  await until(() => service.received[0] === '{"method":"start"}\n"text"\n')
})

for (const encoding of ['base64', 'binary'] as const) {
  t.test(`${encoding}: any bytes, both ways, exactly; what is none is refused`, async t => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_each, n) => n))
    const service = await startTcpService(t, socket => socket.write(Buffer.concat([Buffer.of(1, 0), bytes])))
    const received: Buffer[] = []
    service.server.on('connection', socket => socket.on('data', data => received.push(data)))
    const { wsUrl } = await startGateway(t, { services: { raw: { port: service.port, framing: { type: 'length-prefixed', bytes: 2 }, encoding } } })
    const client = await SocketClient.connect(t, wsUrl)
    const { clientId } = client
    await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/service/raw' })
    const event = await client.next('/service/raw')
    const read = encoding === 'base64' ? Buffer.from(event.data, 'base64') : decodeZ85(event.data.data)
    t.ok(bytes.equals(read as Buffer))
    t.strictSame(event.ext, encoding === 'base64' ? undefined : { binary: {} })
    const send = (data: unknown, ext?: object) => client.ask({ channel: '/service/raw', clientId, data, ...(ext !== undefined && { ext }) })
    t.match(await send('no base64!'), { successful: false, error: /^422:\/service\/raw:/ })
    t.match(encoding === 'base64' ? await send(bytes.toString('base64')) : await send({ data: encodeZ85(bytes), last: true }, { binary: {} }), { successful: true })
    await until(() => Buffer.concat(received).equals(Buffer.concat([Buffer.of(1, 0), bytes])))
  })
}

t.test('a read-only service learns at once that its subscriber left', async t => {
  let asked = 0
  let returned = false
  const { app, url } = await startGateway(t, {
    services: {
      it: {
        type: 'internal',
        handler: function * () {
          try {
            for (;;) yield asked++
          } finally {
            returned = true
          }
        }
      }
    }
  })
  const caller = await startCaller(t, url, 'websocket')
  await caller.subscribe('it')
  await caller.hear('/service/it')
  await caller.unsubscribe('it')
  const before = asked
  await until(() => app.realtime.metrics().serviceConnections === 0)
  t.ok(returned)
  t.ok(asked - before < 1000, `it was asked ${asked - before} times for nobody`)
})

t.test('what came in one chunk before bytes that are no frame is heard', async t => {
  const service = await startTcpService(t, socket => socket.write('Content-Length: 2\r\n\r\nokContent-Rubbish\r\n\r\n'))
  const { url } = await startGateway(t, { services: { it: { port: service.port, framing: 'content-length' } } })
  const caller = await startCaller(t, url, 'websocket')
  await caller.subscribe('it')
  const { channel, ext } = await Promise.race([caller.hear('/service/it'), caller.hear('/meta/unsubscribe')])
  t.equal(channel, '/service/it', `heard first: ${JSON.stringify(ext)}`)
})
