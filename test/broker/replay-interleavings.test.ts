/**
 * Replay and live events, in whatever order a history answers: nothing is doubled, nothing is missing, all is in order.
 */
import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'
import realtime, { type EventMessage, type InjectedClient, type Realtime, type RealtimeOptions } from '../../lib/index.js'
import { readOn } from '../conformance/history.js'
import { DistantHistory } from '../harness/distant-history.js'
import { until } from '../harness/until.js'
import { MemoryHistory } from '../../lib/broker/history.js'
import { readOptions } from '../../lib/options/index.js'

const channels = ['/p/a', '/p/b'] as const
const patterns = ['/p/*', '/**'] as const

type Channel = typeof channels[number]
/** From a known event on: the place of that event among those that were published before, from 0 to 1. */
type From = 'new' | 'all' | number
type Step =
  | { readonly do: 'publish', readonly channel: Channel, readonly as: 'application' | 'client' }
  | { readonly do: 'subscribe', readonly to: Channel | typeof patterns[number], readonly from: From | 'unasked' }

const publish = fc.record({ do: fc.constant('publish' as const), channel: fc.constantFrom(...channels), as: fc.constantFrom('application' as const, 'client' as const) })
const subscribe = fc.oneof(
  fc.record({ do: fc.constant('subscribe' as const), to: fc.constantFrom(...channels), from: fc.oneof(fc.constantFrom('new' as const, 'all' as const, 'unasked' as const), fc.double({ min: 0, max: 1, noNaN: true })) }),
  fc.record({ do: fc.constant('subscribe' as const), to: fc.constantFrom(...patterns), from: fc.constantFrom('new' as const, 'all' as const, 'unasked' as const) })
)
const steps = fc.array(fc.oneof({ weight: 3, arbitrary: publish as fc.Arbitrary<Step> }, { weight: 1, arbitrary: subscribe as fc.Arbitrary<Step> }), { minLength: 4, maxLength: 40 })

/** What one subscriber asked for, was told, and has heard. */
interface Subscriber {
  readonly client: InjectedClient
  readonly to: string
  readonly from: From | 'unasked'
  /** The id that it asked for, or was told to stand at. */
  after: number | null
  /** How many events of each channel were published when it had its reply: whatever it asked, it hears all later ones. */
  published: Map<Channel, number>
}

// So little may wait that replays have to pause.
const options: RealtimeOptions = { channels: { '/p/*': { history: { size: 1000 } } }, limits: { clientWaiting: 200, clientResumed: 100 } }

class World {
  readonly subscribers: Subscriber[] = []
  readonly #published = new Map<Channel, number>(channels.map(channel => [channel, 0]))
  readonly #realtime: Realtime
  readonly #history: DistantHistory | MemoryHistory
  #number = 0

  constructor (realtime: Realtime, history: DistantHistory | MemoryHistory) {
    this.#realtime = realtime
    this.#history = history
  }

  async join (): Promise<InjectedClient> {
    const client = this.#realtime.inject()
    await client.handshake()
    return client
  }

  async run (step: Step): Promise<void> {
    if (step.do === 'subscribe') return this.#subscribe(step.to, step.from)
    const data = ++this.#number
    this.#published.set(step.channel, this.#published.get(step.channel) as number + 1)
    if (step.as === 'application') return this.#realtime.publish(step.channel, data)
    const reply = await (await this.join()).publish(step.channel, data)
    if (!reply.successful) throw new Error(reply.error)
  }

  async #subscribe (to: Channel | typeof patterns[number], from: From | 'unasked'): Promise<void> {
    const client = await this.join()
    const after = typeof from === 'number' ? await this.#known(to as Channel, from) : null
    const asked = from === 'all' ? -2 : from === 'new' || after === null ? -1 : after
    const reply = await client.send({ channel: '/meta/subscribe', subscription: to, ...(from !== 'unasked' && { ext: { replay: { [to]: asked } } }) })
    if (!reply.successful) throw new Error(reply.error)
    const standing = (reply.ext?.replay as Record<string, number> | undefined)?.[to]
    this.subscribers.push({ client, to, from: after === null && typeof from === 'number' ? 'new' : from, after: after ?? standing ?? null, published: new Map(this.#published) })
  }

  async #known (channel: Channel, place: number): Promise<number | null> {
    const kept = await this.truth(channel)
    return kept[Math.floor(place * (kept.length - 1))]?.id ?? null
  }

  async truth (channel: Channel) {
    return await readOn(this.#history as DistantHistory, channel, -2, 100) ?? []
  }

  /** What the application published is kept, too. */
  async settled (): Promise<void> {
    for (const channel of channels) await until(async () => (await this.truth(channel)).length === this.#published.get(channel), `${channel} is kept`)
  }

  /** What is wrong with what a subscriber has heard; null where nothing is. */
  async judge ({ client, to, from, after, published }: Subscriber): Promise<string | null> {
    const heardOf = (channel: string) => (client.received as EventMessage[]).filter(each => each.channel === channel)
    const due = new Map<Channel, number[]>()
    for (const channel of channels) {
      if (to !== channel && to.startsWith('/p/') && !to.endsWith('*')) continue
      const ids = (await this.truth(channel)).map(({ id }) => id)
      due.set(channel, from === 'all' ? ids : after !== null ? ids.filter(id => id > after) : since(ids, published.get(channel) as number, heardOf(channel)[0]))
    }
    await until(() => [...due].every(([channel, ids]) => heardOf(channel).length >= ids.length), `${to} from ${from} hears ${JSON.stringify([...due])}, not ${JSON.stringify(client.received)}`)
    await new Promise(resolve => setImmediate(resolve))
    for (const [channel, ids] of due) {
      const heard = heardOf(channel).map(({ ext }) => ext?.replayId)
      if (JSON.stringify(heard) !== JSON.stringify(ids)) return `${to} from ${from}, ${channel}: ${JSON.stringify(heard)}, not ${JSON.stringify(ids)}`
    }
    return null
  }
}

// Who asked for nothing hears what was published after its reply, and may hear some that were under way: from its first one on, all.
function since (ids: readonly number[], published: number, first: EventMessage | undefined): number[] {
  const begin = ids.indexOf(first?.ext?.replayId as number)
  return ids.slice(begin === -1 ? published : Math.min(begin, published))
}

async function tryOut (history: DistantHistory | MemoryHistory, run: (world: World) => Promise<void>): Promise<string | null> {
  const app = Fastify()
  await app.register(realtime, { ...options, history })
  await app.ready()
  const world = new World(app.realtime, history)
  await run(world)
  await world.settled()
  let wrong: string | null = null
  for (const subscriber of world.subscribers) wrong ??= await world.judge(subscriber)
  await app.close()
  return wrong
}

t.test('a history that answers whenever it likes', async t => {
  await fc.assert(fc.asyncProperty(fc.scheduler(), fc.array(steps, { minLength: 1, maxLength: 4 }), async (scheduler, actors) => {
    let over = false
    const history = new DistantHistory(what => over ? Promise.resolve() : scheduler.schedule(Promise.resolve(), what))
    const wrong = await tryOut(history, async world => {
      const running = Promise.all(actors.map(async steps => {
        for (const step of steps) await world.run(step)
      }))
      await scheduler.waitFor(running)
      over = true
      await scheduler.waitAll()
    })
    if (wrong !== null) throw new Error(wrong)
  }), { numRuns: 60 })
  t.pass('nothing doubled, nothing missing, in order')
})

t.test('a history that answers at once', async t => {
  await fc.assert(fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 3 }), async actors => {
    const wrong = await tryOut(new MemoryHistory(readOptions().limits), async world => {
      await Promise.all(actors.map(async steps => {
        for (const step of steps) await world.run(step)
      }))
    })
    if (wrong !== null) throw new Error(wrong)
  }), { numRuns: 40 })
  t.pass('nothing doubled, nothing missing, in order')
})
