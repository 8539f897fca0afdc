/** What every Bayeux client in a page is to manage, whoever wrote it. */
import type { FastifyReply, onRequestAsyncHookHandler } from 'fastify'
import type { Browser } from 'playwright-core'
import type { Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { startClientPages, type ClientName } from './client-pages.js'
import type { Gateway } from './gateway.js'
import { PageClient, transports, type TransportName } from './page-client.js'
import { startTcpService, type TcpService } from './tcp-service.js'
import { until } from './until.js'

export interface Subject {
  readonly browser: Browser
  readonly name: ClientName
  /** Whether its API can send data with a subscription. */
  readonly subscribesWithData: boolean
}

const echo = (service: TcpService): RealtimeOptions['services'] => ({
  echo: { type: 'tcp', domain: '127.0.0.1', port: service.port, framing: 'lines' }
})

// Until its socket is open Faye polls, and it does not leave a poll that is held.
const shortPolls: RealtimeOptions = { timeout: 1000 }

/** Waits until a client is connected over a transport, as the gateway sees it. */
export async function connectedOver ({ app }: Gateway, clientId: string, transport: TransportName): Promise<void> {
  await until(() => app.realtime.sessions.get(clientId)?.transport === transport, `connected over ${transport}`)
}

/** All of it, over each transport. */
export function everyCase (t: Test, subject: Subject): void {
  for (const transport of transports) {
    t.test(`over ${transport}`, async t => {
      t.test('publish and subscribe', t => publishesAndSubscribes(t, subject, transport))
      t.test('a TCP service', t => talksToService(t, subject, transport))
      t.test('comes back by itself', t => comesBack(t, subject, transport))
    })
  }
  t.test('falls back to long-polling', async t => {
    t.test('when upgrades are refused', t => fallsBack(t, subject, reply => reply.code(403).send('No upgrades here')))
    t.test('when the gateway has no WebSocket', t => fallsBack(t, subject, undefined, { transports: ['long-polling'] }))
  })
}

async function publishesAndSubscribes (t: Test, { browser, name }: Subject, transport: TransportName): Promise<void> {
  const gateway = await startClientPages(t, shortPolls)
  const client = await PageClient.open(t, browser, gateway.origin, name, { transport })
  const clientId = await client.shaken()
  await connectedOver(gateway, clientId, transport)
  t.equal(await client.transport(), transport)

  for (const channel of ['/chat/red', '/chat/*', '/chat/**', '/last']) await client.subscribe(channel)
  for (const [channel, data] of [['/chat/red', 1], ['/chat/blue', 2], ['/chat/red/loud', 3], ['/chatter', 4], ['/chat/red', 5]] as const) {
    await client.publish(channel, data)
  }
  await client.hears('/chat/red', 5)
  t.same(await client.heard('/chat/red'), [1, 5])
  t.same(await client.heard('/chat/*'), [1, 2, 5])
  t.same(await client.heard('/chat/**'), [1, 2, 3, 5])
  t.same(await client.events(), ['/chat/red 1', '/chat/blue 2', '/chat/red/loud 3', '/chat/red 5'], 'each came once')

  await client.unsubscribe('/chat/*')
  await client.unsubscribe('/chat/**')
  gateway.app.realtime.publish('/chat/blue', 'too late')
  gateway.app.realtime.publish('/last', 'schön')
  await client.hears('/last', 'schön')
  t.same((await client.events()).slice(4), ['/last schön'], 'unsubscribed, it hears no more')
  await t.rejects(client.subscribe('/service/nobody'), /404:/, 'a refusal is told')

  await client.disconnect()
  t.equal(gateway.app.realtime.sessions.size, 0, 'disconnected, its session is gone')
}

async function talksToService (t: Test, { browser, name, subscribesWithData }: Subject, transport: TransportName): Promise<void> {
  const service = await startTcpService(t)
  const gateway = await startClientPages(t, { services: echo(service) })
  const client = await PageClient.open(t, browser, gateway.origin, name, { transport })
  await client.subscribe('/service/echo', subscribesWithData ? 'hello' : undefined)
  const socket = await service.socket(0)
  await client.publish('/service/echo', 'how are you')
  await until(() => service.received[0] === (subscribesWithData ? 'hello\nhow are you\n' : 'how are you\n'), 'what was sent')
  socket.write('fine\nthanks\n')
  await client.hears('/service/echo', 'thanks')

  socket.end('bye\n')
  const unasked = async () => (await client.came()).filter(({ channel }) => channel === '/meta/unsubscribe')
  await until(async () => (await unasked()).length > 0, 'the unasked unsubscribe')
  t.match(await unasked(), [{ successful: true, subscription: '/service/echo', ext: { service: { state: 'ended', reason: 'ended' } } }])
  t.same(await client.heard('/service/echo'), ['fine', 'thanks', 'bye'])
  await t.rejects(client.publish('/service/echo', 'still there?'), /404:/)

  await client.unsubscribe('/service/echo', 2)
  await client.subscribe('/service/echo')
  const second = await service.socket(1)
  second.write('welcome back\n')
  await client.hears('/service/echo', 'welcome back')
  let ended = false
  second.once('end', () => { ended = true })
  await client.disconnect()
  await until(() => ended, 'disconnected, its conversation ends')
}

async function comesBack (t: Test, { browser, name, subscribesWithData }: Subject, transport: TransportName): Promise<void> {
  const service = await startTcpService(t)
  const options = { services: echo(service), ...shortPolls }
  const first = await startClientPages(t, options)
  const client = await PageClient.open(t, browser, first.origin, name, { transport })
  const before = await client.shaken()
  await client.subscribe('/news')
  await client.subscribe('/service/echo', subscribesWithData ? 'hello' : undefined)
  await client.publish('/news', 'before')
  await client.hears('/news', 'before')

  await first.app.close()
  const second = await startClientPages(t, options, Number(new URL(first.origin).port))

  const after = await client.shaken(2)
  t.not(after, before)
  await client.granted('/meta/subscribe', '/news', 2)
  await client.granted('/meta/subscribe', '/service/echo', 2)
  await connectedOver(second, after, transport)
  if (subscribesWithData) await until(() => service.received[1] === 'hello\n', 'the service is greeted again')
  const socket = await service.socket(1)
  socket.write('welcome back\n')
  await client.hears('/service/echo', 'welcome back')
  await client.publish('/news', 'after')
  await client.hears('/news', 'after')
  t.same(await client.heard('/news'), ['before', 'after'])
}

async function fallsBack (t: Test, { browser, name }: Subject, refuse: (reply: FastifyReply) => unknown = () => {}, options: RealtimeOptions = {}): Promise<void> {
  let upgrades = 0
  const onRequest: onRequestAsyncHookHandler = async (request, reply) => {
    if (request.headers.upgrade === undefined) return
    upgrades++
    return refuse(reply)
  }
  const gateway = await startClientPages(t, { onRequest, ...options })
  const client = await PageClient.open(t, browser, gateway.origin, name)
  await connectedOver(gateway, await client.shaken(), 'long-polling')
  t.ok(upgrades > 0, 'a WebSocket was tried first')
  t.equal(await client.transport(), 'long-polling')
  await client.subscribe('/news')
  await client.publish('/news', 'by POST')
  await client.hears('/news', 'by POST')
  t.same(await client.heard('/news'), ['by POST'])
}
