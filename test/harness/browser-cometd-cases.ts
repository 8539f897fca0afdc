/** What CometD's client in a page is to manage besides: its extensions for reloads and acknowledgements. */
import type { Browser } from 'playwright-core'
import type { Test } from 'tap'
import { startBlackholeProxy } from './blackhole-proxy.js'
import { connectedOver, everyCase } from './browser-cases.js'
import { startClientPages, type ClientName } from './client-pages.js'
import { PageClient, transports, type TransportName } from './page-client.js'
import { until } from './until.js'

/** All of it, over each transport. */
export function everyCometdCase (t: Test, browser: Browser, name: ClientName): void {
  everyCase(t, { browser, name, subscribesWithData: true })
  for (const transport of transports) {
    t.test(`reload, over ${transport}`, t => reloads(t, browser, name, transport))
    t.test(`acknowledgement extension, over ${transport}`, t => acknowledges(t, browser, name, transport))
  }
}

/** Its page goes away and comes back within maxInterval, with ReloadExtension on. */
async function reloads (t: Test, browser: Browser, name: ClientName, transport: TransportName): Promise<void> {
  const gateway = await startClientPages(t)
  const { realtime } = gateway.app
  const client = await PageClient.open(t, browser, gateway.origin, name, { transport, reload: '', subscribe: '/news' })
  const before = await client.shaken()
  await client.granted('/meta/subscribe', '/news')
  await connectedOver(gateway, before, transport)
  realtime.publish('/news', 'before')
  await client.hears('/news', 'before')
  const session = realtime.sessions.get(before)

  await client.page.reload()
  const after = await client.shaken()
  t.equal(after, before, 'the id is the same')
  const [replayed] = (await client.came()).filter(({ channel }) => channel === '/meta/handshake')
  t.equal(replayed?.ext?.reload, true, 'the handshake is the one of before')
  await client.granted('/meta/connect')
  realtime.publish('/news', 'after')
  await client.hears('/news', 'after')

  const there = client.page.url()
  await client.page.goto(`${gateway.origin}/elsewhere`)
  await until(() => realtime.metrics().heldConnects === 0, 'the gateway sees it go')
  realtime.publish('/news', 'while it was away')
  await client.page.goto(there)
  t.equal(await client.shaken(), before)
  await client.hears('/news', 'while it was away')
  t.same(await client.heard('/news'), ['while it was away'])
  t.equal(realtime.sessions.get(before), session, 'the session is the same')
  t.equal(realtime.sessions.size, 1, 'and the only one')
}

/** Bursts with the acknowledgement extension on; its connection breaks unseen by the gateway as the second is sent. */
async function acknowledges (t: Test, browser: Browser, name: ClientName, transport: TransportName): Promise<void> {
  const gateway = await startClientPages(t, { maxInterval: 60_000, limits: { websocketSilence: 600_000 } })
  const proxy = await startBlackholeProxy(t, Number(new URL(gateway.origin).port))
  const client = await PageClient.open(t, browser, `http://127.0.0.1:${proxy.port}`, name, { transport, ack: '' })
  const clientId = await client.shaken()
  await connectedOver(gateway, clientId, transport)
  const [handshake] = (await client.came()).filter(({ channel }) => channel === '/meta/handshake')
  t.match(handshake?.ext, { ack: {} })
  await client.subscribe('/count')
  const burst = (from: number) => {
    for (let number = from; number < from + 100; number++) gateway.app.realtime.publish('/count', number)
  }
  burst(0)
  await client.hears('/count', 99)
  await until(() => gateway.app.realtime.metrics().heldConnects === 1, 'the next connect is held')

  const cut = proxy.swallow(true)
  burst(100)
  await until(() => cut.some(({ swallowed }) => swallowed.includes('/count')), 'events are lost')
  await client.hears('/count', 199)
  t.same(await client.heard('/count'), Array.from({ length: 200 }, (_, number) => number), 'all in order, each once')
  t.equal(await client.shaken(), clientId, 'in the same session')
}
