/** What every connector must do, whatever it connects to: run with `connectorSuite`, an implementation at a time. */
import t, { type Test } from 'tap'
import { startGateway } from '../harness/gateway.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'
import { conversation } from './conversation.js'
import type { Implementation, Peer } from './peer.js'
import { slowClient, slowService, waitsForHalf } from './pressure.js'

type Check = (t: Test, implementation: Implementation) => Promise<unknown>

/** Runs the checks that make sense for an implementation: those whose parts its peers have. */
export function connectorSuite (implementation: Implementation): void {
  t.test(implementation.name, async t => {
    const run = (name: string, check: Check) => t.test(name, t => check(t, implementation))
    const [sample, end] = await samplePeer(t, implementation)
    const { readOnly = false, endsWhole = false, unreachable } = implementation
    await end()

    if (readOnly) run('nobody can write: 405', refusesToRead)
    else run('both ways, in order; the words of subscribe and unsubscribe are written too', bothWays)
    run('unsubscribe, the end of the session and its expiry end the other side', endsWithUs)
    if (sample.end !== undefined) run('last words arrive before the end, which is told; one can come again', lastWords)
    if (sample.lingers !== undefined) run('each side may end its half first', halves)
    if (sample.lingers !== undefined && !endsWhole) run('who has ended its half still gets what waits for it', waitsForHalf)
    if (sample.break !== undefined) run('what breaks is told', breaks)
    if (sample.flood !== undefined) run('what never ends is told as 413, and hurts nobody else', floods)
    if (sample.write !== undefined) run('one byte at a time', byteByByte)
    run('a slow client', slowClient)
    if (sample.pause !== undefined) run('a slow service', slowService)
    if (unreachable !== undefined) run('who cannot be reached is told by code', unreached)
  })
}

// One conversation, to see what its peer can do.
async function samplePeer (t: Test, implementation: Implementation): Promise<[Peer, () => Promise<void>]> {
  const { subscribe, calm } = await conversation(t, implementation)
  return [await subscribe(), calm]
}

const bothWays: Check = async (t, implementation) => {
  const { subscribe, publish, unsubscribe, hear, calm } = await conversation(t, implementation)
  const peer = await subscribe()
  for (const text of ['un', 'deux', 'trois é 漢 😀']) await peer.say(text)
  for (const text of ['un', 'deux', 'trois é 漢 😀']) t.equal(await hear(), text)
  for (const text of ['eins', 'zwei', 'ß']) t.match(await publish(text), { successful: true })
  t.match(await unsubscribe('bye'), { successful: true })
  await until(() => peer.heard.length >= 5, 'everything is heard')
  t.strictSame(peer.heard, ['hello', 'eins', 'zwei', 'ß', 'bye'])
  if (peer.ended !== undefined) await until(() => peer.ended, 'the end')
  t.match(await publish('late'), { successful: false, error: /^404:/ })
  await calm()
}

const refusesToRead: Check = async (t, implementation) => {
  const { subscribe, publish, hear, calm } = await conversation(t, implementation)
  const peer = await subscribe()
  t.match(await publish('anything'), { successful: false, error: '405:/service/it:Service is read-only' })
  for (const text of ['un', 'deux', 'trois é 漢 😀']) await peer.say(text)
  for (const text of ['un', 'deux', 'trois é 漢 😀']) t.equal(await hear(), text)
  t.strictSame(peer.heard, [])
  await calm()
}

const endsWithUs: Check = async (t, implementation) => {
  const { subscribe, unsubscribe, connect, gateway, client, calm } = await conversation(t, implementation, { maxInterval: 20 })
  const ended = async (peer: Peer) => {
    if (peer.ended !== undefined) await until(() => peer.ended, 'the end')
    await until(() => gateway.app.realtime.metrics().serviceConnections === 0, 'nothing is open')
  }
  const first = await subscribe()
  await unsubscribe()
  await ended(first)
  t.notOk(client.messages.some(({ channel }) => channel === '/meta/unsubscribe'), 'our own wish is not told')

  const guest = await connect()
  const second = await subscribe(guest)
  await guest.ask({ channel: '/meta/disconnect', clientId: guest.clientId })
  await ended(second)
  guest.ws.terminate()

  const lost = await connect()
  const third = await subscribe(lost)
  lost.ws.terminate()
  await ended(third)
  await calm()
}

const lastWords: Check = async (t, implementation) => {
  const { subscribe, hear, hearEnd, calm, unsubscribe } = await conversation(t, implementation)
  const peer = await subscribe()
  await peer.say('words')
  await peer.end?.('last words')
  t.equal(await hear(), 'words')
  t.equal(await hear(), 'last words')
  t.strictSame(await hearEnd(), { state: 'ended', reason: 'ended' })
  t.match(await unsubscribe(), { successful: true }, 'gone already: harmless')
  const again = await subscribe()
  await again.say('again')
  t.equal(await hear(), 'again')
  await calm()
}

const halves: Check = async (t, implementation) => {
  const { subscribe, publish, unsubscribe, hearEnd, calm } = await conversation(t, implementation)
  const first = await subscribe()
  await publish('before the end')
  await until(() => first.heard.length === 2, 'it is heard')
  await first.end?.('')
  await hearEnd()
  await until(() => first.ended, 'our half ends after theirs')
  t.strictSame(first.heard, ['hello', 'before the end'])

  const second = await subscribe()
  second.lingers = true
  await unsubscribe('bye')
  await until(() => second.ended, 'our half')
  await second.say('x'.repeat(200_000))
  await second.end?.('nobody hears this')
  await calm()
  t.equal(second.failed, null, 'it could end in peace')
}

const breaks: Check = async (t, implementation) => {
  const { subscribe, publish, connect, hear, hearEnd, calm } = await conversation(t, implementation, { maxInterval: 20 })
  const peer = await subscribe()
  const neighbour = await connect()
  const other = await subscribe(neighbour)
  await peer.say('words')
  t.equal(await hear(), 'words')
  await peer.break?.((text = 'anything') => publish(text))
  t.match(await hearEnd(), { state: 'ended', reason: 'broken', error: /^502:\/service\/it:./ })
  await other.say('unhurt')
  t.equal(await hear(neighbour), 'unhurt')
  neighbour.ws.terminate()
  await neighbour.waitClosed()
  await calm()
}

const floods: Check = async (t, implementation) => {
  const { subscribe, connect, hear, hearEnd, calm, gateway } = await conversation(t, implementation, { limits: { serviceMessage: 20_000 }, maxInterval: 20 })
  const peer = await subscribe()
  const neighbour = await connect()
  const other = await subscribe(neighbour)
  await peer.say('words')
  await peer.flood?.(30_000)
  t.equal(await hear(), 'words')
  t.match(await hearEnd(), { state: 'ended', reason: 'too large', error: /^413:\/service\/it:./ })
  await other.say('unhurt')
  t.equal(await hear(neighbour), 'unhurt')
  t.equal(gateway.app.realtime.metrics().services.it?.errors, 1)
  neighbour.ws.terminate()
  await neighbour.waitClosed()
  await calm()
}

const byteByByte: Check = async (t, implementation) => {
  const { subscribe, hear, calm } = await conversation(t, implementation)
  const peer = await subscribe()
  const text = 'é漢😀 and the rest'
  for (const byte of Buffer.from(text + '\n')) {
    await peer.write?.(Buffer.of(byte))
    // Each in a packet of its own.
    await new Promise(resolve => setImmediate(resolve))
  }
  t.equal(await hear(), text)
  await calm()
}

const unreached: Check = async (t, implementation) => {
  const services = await implementation.unreachable?.(t) ?? {}
  const { wsUrl, app } = await startGateway(t, { services: Object.fromEntries(Object.entries(services).map(([code, service]) => [`no-${code}`, service])), limits: { upstreamConnect: 100 } })
  const client = await SocketClient.connect(t, wsUrl)
  for (const code of Object.keys(services)) {
    const subscription = `/service/no-${code}`
    t.match(await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription }), { successful: false, subscription, error: new RegExp(`^${code}:${subscription}:.`) })
  }
  t.match(app.realtime.metrics(), { serviceConnections: 0, links: 0, serviceErrors: Object.keys(services).length })
}
