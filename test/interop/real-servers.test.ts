/** Servers of Debian, driven through the gateway over both transports: redis-server and nats-server, each in two ways. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../harness/free-port.js'
import { startGateway } from '../harness/gateway.js'
import { startInstalled, withProgram } from '../harness/installed-server.js'
import { startCaller, type ServiceCaller } from '../harness/service-caller.js'

const transports = ['websocket', 'long-polling'] as const

withProgram(t, 'redis-server', 'redis-server', async (t, program) => {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-bayeux-redis-'))
  t.after(() => rm(folder, { recursive: true }))
  const socket = join(folder, 'redis.sock')
  const port = await startInstalled(t, program, port => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, '--unixsocket', socket])
  const redis = { type: 'tcp', domain: '127.0.0.1', port, framing: 'lines' } as const
  const { url } = await startGateway(t, { services: { redis, monitor: redis, local: { type: 'unix', path: socket, framing: 'lines' } } })

  for (const transport of transports) {
    t.test(`commands over ${transport}`, async t => {
      const caller = await startCaller(t, url, transport)
      const said = async () => (await caller.hear('/service/redis')).data
      const key = `greeting-${transport}`
      t.match(await caller.subscribe('redis', 'PING'), { successful: true })
      t.equal(await said(), '+PONG')
      t.match(await caller.publish('redis', `SET ${key} hello`), { successful: true })
      t.equal(await said(), '+OK')
      await caller.publish('redis', `GET ${key}`)
      t.equal(await said(), '$5')
      t.equal(await said(), 'hello')
      await caller.publish('redis', `APPEND ${key} ", wörld"`)
      t.equal(await said(), `:${Buffer.byteLength('hello, wörld')}`)
      await caller.publish('redis', `GET ${key}`)
      t.equal(await said(), '$13')
      t.equal(await said(), 'hello, wörld')
      await caller.publish('redis', 'NONSENSE')
      t.match(await said(), /^-ERR unknown command/)
    })

    t.test(`a thousand values in one answer over ${transport}`, async t => {
      const caller = await startCaller(t, url, transport)
      const said = async () => (await caller.hear('/service/redis')).data
      const list = `list-${transport}`
      await caller.subscribe('redis')
      const values = Array.from({ length: 1000 }, (_, number) => `value-${number}`)
      await caller.publish('redis', `RPUSH ${list} ${values.join(' ')}`)
      t.equal(await said(), ':1000')
      await caller.publish('redis', `LRANGE ${list} 0 -1`)
      t.equal(await said(), '*1000')
      const heard = []
      for (const value of values) heard.push([await said(), await said()], value)
      t.same(heard, values.flatMap(value => [[`$${value.length}`, value], value]))
    })

    t.test(`a MONITOR feed over ${transport}`, async t => {
      const watcher = await startCaller(t, url, transport)
      t.match(await watcher.subscribe('monitor', 'MONITOR'), { successful: true })
      t.equal((await watcher.hear('/service/monitor')).data, '+OK')
      const writer = await startCaller(t, url, transport)
      await writer.subscribe('redis')
      const key = `watched-${transport}`
      for (let number = 0; number < 10; number++) await writer.publish('redis', `SET ${key} ${number}`)
      for (let number = 0; number < 10; number++) {
        const { data } = await watcher.hear('/service/monitor', ({ data }) => data.includes(`"${key}"`))
        t.match(data, new RegExp(`^\\+[0-9.]+ \\[0 127\\.0\\.0\\.1:[0-9]+\\] "SET" "${key}" "${number}"$`))
      }
    })

    t.test(`its UNIX socket over ${transport}: a message that one session publishes is heard by another`, async t => {
      const listener = await startCaller(t, url, transport)
      const speaker = await startCaller(t, url, transport)
      const said = async (caller: ServiceCaller) => (await caller.hear('/service/local')).data
      const channel = `news-${transport}`
      await listener.subscribe('local', `SUBSCRIBE ${channel}`)
      for (const line of ['*3', '$9', 'subscribe', `$${channel.length}`, channel, ':1']) t.equal(await said(listener), line)
      await speaker.subscribe('local', `PUBLISH ${channel} "schön"`)
      t.equal(await said(speaker), ':1')
      for (const line of ['*3', '$7', 'message', `$${channel.length}`, channel, '$6', 'schön']) t.equal(await said(listener), line)
    })

    t.test(`QUIT over ${transport}: the server ends it, and the client can come again`, async t => {
      const caller = await startCaller(t, url, transport)
      await caller.subscribe('redis', 'QUIT')
      t.equal((await caller.hear('/service/redis')).data, '+OK')
      const { successful, subscription, ext } = await caller.hear('/meta/unsubscribe')
      t.match({ successful, subscription, ext }, { successful: true, subscription: '/service/redis', ext: { service: { state: 'ended' } } })
      t.match(await caller.subscribe('redis', 'PING'), { successful: true })
      t.equal((await caller.hear('/service/redis')).data, '+PONG')
    })
  }
})

withProgram(t, 'nats-server', 'nats-server', async (t, program) => {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-bayeux-nats-'))
  t.after(() => rm(folder, { recursive: true }))
  const webPort = await freePort()
  const configuration = join(folder, 'nats.conf')
  await writeFile(configuration, `websocket { listen: "127.0.0.1:${webPort}", no_tls: true }`)
  const port = await startInstalled(t, program, port => ['-c', configuration, '-a', '127.0.0.1', '-p', String(port)])
  const nats = { type: 'tcp', domain: '127.0.0.1', port } as const
  const { url } = await startGateway(t, {
    services: {
      lines: { ...nats, framing: 'lines' },
      raw: { ...nats, framing: 'raw' },
      web: { type: 'websocket', url: `ws://127.0.0.1:${webPort}` }
    }
  })

  // NATS asks now and then whether its client lives; it is patient with who does not answer.
  const PING = /^PING\r\n/gm

  // Chunks of a raw service end where the network cut them: they are read until the words have come.
  async function read (caller: ServiceCaller, wanted: RegExp): Promise<string> {
    let text = ''
    await caller.hear('/service/raw', ({ data }) => {
      text = (text + data).replace(PING, '')
      return wanted.test(text)
    })
    return text
  }

  for (const transport of transports) {
    t.test(`lines over ${transport}: INFO comes unasked, then SUB and PUB`, async t => {
      const caller = await startCaller(t, url, transport)
      const said = async (wanted: RegExp) => (await caller.hear('/service/lines', ({ data }) => wanted.test(data))).data
      const subject = `greet.${transport}`
      t.match(await caller.subscribe('lines'), { successful: true })
      const info = await said(/^INFO /)
      t.match(JSON.parse(info.slice('INFO '.length)), { port, max_payload: Number })
      await caller.publish('lines', 'CONNECT {"verbose":true}')
      await said(/^\+OK$/)
      await caller.publish('lines', `SUB ${subject} 1`)
      await said(/^\+OK$/)
      // A payload must end with CRLF; the framing adds LF.
      await caller.publish('lines', `PUB ${subject} 5`)
      await caller.publish('lines', 'hello\r')
      await said(new RegExp(`^MSG ${subject} 1 5$`))
      t.equal(await said(/^(?!PING$)/), 'hello')
    })

    t.test(`raw over ${transport}: a payload with line breaks, from one session to another`, async t => {
      const [from, to] = [await startCaller(t, url, transport), await startCaller(t, url, transport)]
      const subject = `text.${transport}`
      await to.subscribe('raw', `CONNECT {"verbose":false}\r\nSUB ${subject} 7\r\nPING\r\n`)
      t.match(await read(to, /PONG\r\n/), /^INFO \{.*\} \r\nPONG\r\n$/)
      await from.subscribe('raw', 'CONNECT {"verbose":false}\r\n')
      const payload = 'first line\r\nsecond line, schön'
      t.match(await from.publish('raw', `PUB ${subject} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`), { successful: true })
      t.equal(await read(to, /schön\r\n/), `MSG ${subject} 7 ${Buffer.byteLength(payload)}\r\n${payload}\r\n`)
    })

    t.test(`its WebSocket over ${transport}: what it says together with its answer is heard, then SUB and PUB`, async t => {
      const caller = await startCaller(t, url, transport)
      t.match(await caller.subscribe('web'), { successful: true })
      const said = async (wanted: RegExp) => (await caller.hear('/service/web', ({ data }) => wanted.test(data))).data
      t.match(await said(/^INFO /), /"max_payload":/)
      const subject = `web.${transport}`
      await caller.publish('web', `CONNECT {"verbose":false}\r\nSUB ${subject} 1\r\nPING\r\n`)
      await said(/PONG\r\n/)
      await caller.publish('web', `PUB ${subject} 6\r\nschön\r\n`)
      t.match(await said(/MSG/), new RegExp(`MSG ${subject} 1 6\r\nschön\r\n`))
      t.match(await caller.unsubscribe('web'), { successful: true })
    })

    t.test(`a protocol error over ${transport}: NATS says why and hangs up`, async t => {
      const caller = await startCaller(t, url, transport)
      await caller.subscribe('lines', 'NONSENSE')
      const { data } = await caller.hear('/service/lines', ({ data }) => data.startsWith('-ERR'))
      t.match(data, /Unknown Protocol Operation/)
      t.match(await caller.hear('/meta/unsubscribe'), { successful: true, subscription: '/service/lines' })
    })
  }
})
