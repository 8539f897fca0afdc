/** Back-pressure through a connector, both ways. */
import type { Test } from 'tap'
import { PollClient } from '../harness/poll-client.js'
import { until } from '../harness/until.js'
import { conversation, resources } from './conversation.js'
import type { Implementation, Peer } from './peer.js'

// More than the sockets between the two can hold.
const COUNT = 400
const PADDING = 'x'.repeat(50_000)

/** A client that does not poll: the source waits and nothing is lost, or the oldest is dropped and counted. */
export async function slowClient (t: Test, implementation: Implementation): Promise<void> {
  const { gateway, peers, calm } = await conversation(t, implementation, { maxInterval: 60_000, limits: { clientWaiting: 65_536, serviceQueue: 100 } })
  const client = await new PollClient(gateway.url).start()
  // Its connection is kept for later, so it is not counted.
  const before = resources()
  await client.ask({ channel: '/meta/subscribe', subscription: '/service/it', ...(implementation.readOnly !== true && { data: 'hello' }) })
  await until(() => peers.length > 0, 'the other side')
  const peer = peers[0] as Peer
  const figures = () => gateway.app.realtime.metrics().services.it

  if (implementation.drops === true) await dropsTheOldest(t, client, peer, () => figures()?.dropped ?? 0)
  else await waits(t, client, peer)
  t.ok(gateway.app.realtime.metrics().clientPauses > 0)
  await client.ask({ channel: '/meta/disconnect' })
  await calm(before)
}

async function waits (t: Test, client: PollClient, peer: Peer): Promise<void> {
  let said = 0
  const saying = (async () => {
    for (; said < COUNT; said++) await peer.say(`${said} ${PADDING}`)
  })()
  await standsStill(() => said)
  t.ok(said < COUNT, `the source waited after ${said} messages`)
  const heard: number[] = []
  while (heard.at(-1) !== COUNT - 1) heard.push(...await poll(client))
  await saying
  t.strictSame(heard, Array.from({ length: COUNT }, (_each, n) => n))
}

async function dropsTheOldest (t: Test, client: PollClient, peer: Peer, dropped: () => number): Promise<void> {
  const small = 'x'.repeat(2000)
  for (let n = 0; n < COUNT; n++) {
    await peer.say(`${n} ${small}`)
    // Nobody is asked to wait, so what the network can carry must be given a chance.
    if (n % 20 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await until(() => dropped() > 0, 'some are dropped')
  const heard: number[] = []
  while (heard.at(-1) !== COUNT - 1) heard.push(...await poll(client))
  t.ok(heard.every((n, index) => index === 0 || n > (heard[index - 1] as number)), 'in order, none twice')
  t.ok(heard.length < COUNT)
  t.ok(heard.length + dropped() <= COUNT)
  t.equal(heard[0], 0, 'what waited for the client already was not dropped')
}

async function poll (client: PollClient): Promise<number[]> {
  const messages = await client.connect({ timeout: 1000 })
  return messages.filter(({ channel }) => channel === '/service/it').map(({ data }) => Number.parseInt(data, 10))
}

/** Waits until a number does not change any more. */
async function standsStill (value: () => number): Promise<void> {
  let last = -1
  let still = 0
  await until(async () => {
    still = value() === last ? still + 1 : 0
    last = value()
    return still > 20
  }, 'it stands still')
}

/** A service that does not read: acknowledgements are withheld, then 503. What was acknowledged arrives. */
export async function slowService (t: Test, implementation: Implementation): Promise<void> {
  const { client, gateway, subscribe, calm } = await conversation(t, implementation, { limits: { serviceBusy: 200, serviceWaiting: 65_536, serviceBound: 524_288 } })
  const { clientId } = client
  const peer = await subscribe()
  await until(() => peer.heard.length === 1, 'the greeting')
  peer.pause?.()
  const answers = new Map<number, boolean>()
  const collect = () => {
    for (const message of client.messages.splice(0)) {
      if (typeof message.id !== 'number') continue
      answers.set(message.id, message.successful)
      if (!message.successful) t.match(message.error, /^503:\/service\/it:Service is busy/)
    }
  }
  let sent = 0
  while (![...answers.values()].includes(false)) {
    client.send([{ channel: '/service/it', clientId, data: `${sent} ${PADDING}`, id: sent++ }])
    t.match(await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/other' }), { successful: true }, 'others go on')
    collect()
  }
  t.ok(gateway.app.realtime.metrics().servicePauses > 0, 'acknowledgements were withheld')
  peer.resume?.()
  await until(() => {
    collect()
    return answers.size === sent
  }, 'everything is answered')
  const accepted = [...answers].filter(([, successful]) => successful).map(([id]) => id).sort((a, b) => a - b)
  const arrived = () => peer.heard.slice(1).map(text => Number.parseInt(text, 10))
  await until(() => arrived().length >= accepted.length, 'what was acknowledged arrives')
  t.strictSame(arrived(), accepted)
  await calm()
}

/** A service that does not read ends its half: what waits for it is acknowledged, and arrives. */
export async function waitsForHalf (t: Test, implementation: Implementation): Promise<void> {
  const { client, gateway, subscribe, hearEnd, calm } = await conversation(t, implementation, { limits: { serviceWaiting: 65_536, serviceBusy: 60_000 } })
  const { clientId } = client
  const peer = await subscribe()
  await until(() => peer.heard.length === 1, 'the greeting')
  peer.pause?.()
  let sent = 0
  while (gateway.app.realtime.metrics().servicePauses === 0) {
    client.send([{ channel: '/service/it', clientId, data: `${sent} ${PADDING}`, id: sent++ }])
    await client.ask({ channel: '/meta/subscribe', clientId, subscription: '/other' })
  }
  await peer.end?.('')
  await hearEnd()
  for (let n = 0; n < sent; n++) t.match(await client.next(message => message.id === n), { successful: true })
  peer.resume?.()
  await until(() => peer.ended, 'our half ends')
  t.equal(peer.heard.length, sent + 1)
  await calm()
}
