import type { SocketClient } from '../clients/client.js'
import { sockets, type Contender } from '../contenders.js'
import { Receiver, Tally } from '../marks.js'
import { eventData } from '../payload.js'
import { cost, LONG, withServer, workload, type Figures } from './workload.js'

const SESSIONS = 100
const WINDOW = 50
const { gateway, faye, matching } = sockets

/**
 * A publish with one receiver among many subscriptions: a third of them exact channels, a third `/*`, a third
 * `/**`. The heap is that of a subscription.
 */
export const subscriptions = [1_000, 10_000, 100_000].map(count => workload({
  name: `subscriptions-${count}`,
  title: `a publish with one receiver among ${count.toLocaleString('en')} subscriptions`,
  unit: 'publish',
  contenders: [gateway, faye, matching],
  run: (contender, scale) => run(contender, count, 20_000 * scale)
}))

async function run (contender: Contender<SocketClient>, count: number, messages: number): Promise<Figures> {
  return withServer(contender, { backend: 0, heartbeat: LONG }, async server => {
    const tally = new Tally()
    const sessions: SocketClient[] = []
    for (let index = 0; index < SESSIONS; index++) sessions.push(await contender.join(server.port))
    const publisher = await contender.join(server.port)
    const before = await server.heap()
    const each = count / SESSIONS
    await Promise.all(sessions.map((client, session) => client.subscribe(Array.from({ length: each }, (_, index) => interest(session, index).pattern))))
    const heap = (await server.heap() - before) / count
    // The n-th message goes to the n-th session, round and round.
    for (const [session, client] of sessions.entries()) client.count(new Receiver(tally, session, SESSIONS))
    const rounds = Math.ceil(messages / WINDOW)
    const warm = Math.ceil(rounds / 4)
    const blocks = Array.from({ length: warm + rounds }, (_, block) => Buffer.concat(Array.from({ length: WINDOW }, (_, at) => {
      const number = block * WINDOW + at
      const { channel } = interest(number % SESSIONS, Math.floor(number / SESSIONS) % each)
      return publisher.publishing(channel, eventData(number), `p${number}`)
    })))
    const say = async (from: number, to: number) => {
      for (let block = from; block < to; block++) {
        publisher.write(blocks[block] as Buffer)
        await tally.reaches((block + 1) * WINDOW)
      }
    }
    await say(0, warm)
    const figures = await cost(server, rounds * WINDOW, () => say(warm, warm + rounds))
    await tally.settled((warm + rounds) * WINDOW)
    return { ...figures, heap }
  })
}

/** What a session subscribes to as its n-th, and a channel that this covers and nothing else does. */
function interest (session: number, index: number): { pattern: string, channel: string } {
  const base = `/plant/hall-${session}/unit-${index}`
  if (index % 3 === 0) return { pattern: base, channel: base }
  return index % 3 === 1 ? { pattern: `${base}/*`, channel: `${base}/heat` } : { pattern: `${base}/**`, channel: `${base}/pump/2` }
}
