/** What compiles and what does not with a client; checked by `npm run types`, never run. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import gateway, { type Realtime as ServerRealtime, type RealtimeOptions } from '../../lib/index.js'
import { RealtimeClient, type CallsOf, type ChannelsOf, type ServicesOf } from '../../lib/client/index.js'
import { Realtime } from '../../lib/client/nodefony.js'

const Line = Type.Object({ user: Type.String(), text: Type.String() })

/** By hand, with what schemas stand for. */
interface Channels {
  '/chat/*': Static<typeof Line>
  '/chat/**': { moderated: true }
  '/chat/rules': string
  '/prices/**': number
  '/prices/gold/**': { karat: number }
}

export const calls = {
  add: { params: Type.Object({ a: Type.Number(), b: Type.Number() }), result: Type.Number() },
  time: { result: Type.String() },
  forget: { params: Type.Optional(Type.String()) }
}
type Calls = CallsOf<typeof calls>

export async function call (): Promise<void> {
  const client = new RealtimeClient<any, any, Calls>('/realtime')
  const sum: number = await client.call('add', { a: 1, b: 2 }, { timeout: 100 })
  const time: string = await client.call('time')
  use2(sum, time)
  // @ts-expect-error no such call
  await client.call('subtract', { a: 1, b: 2 })
  // @ts-expect-error wrong parameters
  await client.call('add', { a: 1 })
  // @ts-expect-error parameters are missing
  await client.call('add')
  // @ts-expect-error it is a number
  const text: string = await client.call('add', { a: 1, b: 2 })
  const anything: any = await new RealtimeClient('/realtime').call('whatever', 5)
  const stop: () => void = client.handle('confirm', (params: { text: string }) => params.text.length)
  use2(text, anything, stop)
}

interface Services {
  random: { event: string, methods: { start (delay: number): string, stop (): void } }
  vault: { publish: { method: string }, event: { secret: string } }
  anything: object
}

export async function use (): Promise<void> {
  const client = new RealtimeClient<Channels, Services>('/realtime', { ack: true })

  await client.publish('/chat/lobby', { user: 'ada', text: 'hello' })
  await client.publish('/chat/rules', 'be kind')
  await client.publish('/chat/lobby/today', { moderated: true })
  await client.publish('/prices/silver', 1)
  await client.publish('/prices/gold/old', { karat: 18 })
  const since: number | undefined = client.presence('/chat/lobby').members[0]?.since
  // @ts-expect-error no such channel
  client.presence('/chaat/lobby')
  // @ts-expect-error nobody is on a pattern
  client.presence('/chat/*')
  use2(since)
  // @ts-expect-error no such channel
  await client.publish('/chaat/lobby', { user: 'ada', text: 'hello' })
  // @ts-expect-error a wrong payload
  await client.publish('/chat/lobby', { user: 'ada' })
  // @ts-expect-error the channel itself is more specific than the pattern
  await client.publish('/chat/rules', { user: 'ada', text: 'hello' })
  // @ts-expect-error one segment is more specific than several
  await client.publish('/chat/lobby', { moderated: true })
  // @ts-expect-error the deeper pattern is more specific
  await client.publish('/prices/gold/old', 1)
  // @ts-expect-error nobody publishes to a pattern
  await client.publish('/chat/*', { user: 'ada', text: 'hello' })

  for await (const { channel, data } of client.subscribe('/chat/*')) {
    const said: string | { user: string, text: string } = data
    const where: string = channel
    // @ts-expect-error no such field
    use2(data.texxt, said, where)
  }
  client.subscribe('/chat/lobby', ({ data }) => data.text.toUpperCase(), { replay: -2 })
  // @ts-expect-error ids are numbers
  client.subscribe('/chat/lobby', { replay: 'all' })
  client.subscribe('/prices/**', ({ data }) => {
    const price: number | { karat: number } = data
    // @ts-expect-error it may be gold
    const number: number = data
    use2(price, number)
  })
  client.subscribe('/prices/gold/**', ({ data }) => data.karat.toFixed())
  // @ts-expect-error no such channel
  client.subscribe('/news')
  // @ts-expect-error an option that does not exist
  client.subscribe('/chat/*', { bond: 5 })
  using subscription = client.subscribe('/chat/*', { bound: 5, overflow: 'drop-oldest', signal: AbortSignal.timeout(5) })
  const ready: Promise<void> = subscription.ready
  await ready

  const random = client.service('random')
  const answer: string = await random.call('start', [5000], { timeout: 500 })
  // @ts-expect-error the parameter is a number
  await random.call('start', ['5000'])
  // @ts-expect-error no such method
  await random.call('begin', [])
  for await (const line of random) line.toUpperCase()
  const vault = client.service('vault', { data: { method: 'open' } })
  await vault.send({ method: 'open' })
  // @ts-expect-error what the vault is told has a method
  await vault.send('open')
  for await (const { secret } of vault) secret.toUpperCase()
  // @ts-expect-error no such service
  client.service('rnadom')
  await client.service('anything').call('whatever', { by: 'name' })

  client.on('connection', connection => {
    if (connection.state === 'waiting') use2(connection.until.toFixed(), connection.reason.code)
    if (connection.state === 'connected') use2(connection.transport === 'websocket')
    // @ts-expect-error only while it waits
    use2(connection.until)
  })
  // @ts-expect-error no such event
  client.on('explode', () => {})
  use2(answer)
}

/** Where nothing is known, everything goes. */
export async function untyped (): Promise<void> {
  const client = new RealtimeClient('https://app.example/realtime')
  await client.publish('/anything', { at: 'all' })
  for await (const { data } of client.subscribe('/any/**')) use2(data.whatever)
  await client.service('any').call('thing', [1])
  // @ts-expect-error no such option
  use2(new RealtimeClient('/realtime', { nonsense: true }))
}

/** From the definitions of a gateway. */
export const definitions = { '/chat/*': { schema: Line }, '/free': {} }

export async function fromSchemas (): Promise<void> {
  const client = new RealtimeClient<ChannelsOf<typeof definitions>>('/realtime')
  await client.publish('/chat/lobby', { user: 'ada', text: 'hello' })
  await client.publish('/free', 42)
  // @ts-expect-error a wrong payload
  await client.publish('/chat/lobby', 'hello')
}

const Order = Type.Union([Type.Literal('open'), Type.Literal('shut')])

/** One contract: the definitions that the gateway checks with, and nothing beside them. */
export const contract = {
  channels: { '/chat/*': { schema: Line, history: { size: 10 } }, '/free': {} },
  services: {
    vault: { type: 'internal', schema: { publish: Order, event: Type.Object({ at: Type.Number() }) }, handler: async function * () { yield { at: 1 } } },
    half: { port: 1, schema: { event: Type.String() } },
    free: { port: 1 }
  },
  calls: { add: { params: Type.Array(Type.Number()), result: Type.Number(), handler: (numbers: number[]) => numbers.length } }
} satisfies RealtimeOptions

export async function oneContract (app: FastifyInstance): Promise<void> {
  app.register(gateway, contract)
  const realtime: ServerRealtime<ChannelsOf<typeof contract.channels>> = app.realtime
  realtime.publish('/chat/lobby', { user: 'ada', text: 'hello' })
  // @ts-expect-error a wrong payload
  realtime.publish('/chat/lobby', { user: 'ada' })
  // @ts-expect-error no such channel
  realtime.publish('/chta/lobby', { user: 'ada', text: 'hello' })
  realtime.subscribe('/chat/*', ({ data: { user } }) => user.toUpperCase())
  // @ts-expect-error no such field
  realtime.subscribe('/chat/*', ({ data: { who } }) => who)

  const client = new RealtimeClient<ChannelsOf<typeof contract.channels>, ServicesOf<typeof contract.services>, CallsOf<typeof contract.calls>>('/realtime')
  await client.publish('/chat/lobby', { user: 'ada', text: 'hello' })
  // @ts-expect-error a wrong payload
  await client.publish('/chat/lobby', { user: 'ada' })
  // @ts-expect-error no such channel
  client.subscribe('/chta/*')
  const vault = client.service('vault')
  await vault.send('open')
  // @ts-expect-error no such order
  await vault.send('break')
  for await (const { at } of vault) at.toFixed()
  // @ts-expect-error it says when, and nothing else
  for await (const { secret } of vault) use2(secret)
  for await (const line of client.service('half')) line.toUpperCase()
  await client.service('half').send({ any: 'thing' })
  await client.service('free').send(5)
  for await (const anything of client.service('free')) use2(anything.whatever)
  // @ts-expect-error no such service
  client.service('valut')
  const sum: number = await client.call('add', [1, 2])
  // @ts-expect-error numbers are added
  await client.call('add', ['1'])
  use2(sum)
}

/** The same map on the server's side. */
export function onTheServer (realtime: ServerRealtime<Channels>, app: FastifyInstance): void {
  realtime.publish('/chat/lobby', { user: 'ada', text: 'hello' })
  realtime.subscribe('/chat/*', ({ data }, session) => use2(typeof data === 'string' ? data : data.text, session?.number))
  // @ts-expect-error a wrong payload
  realtime.publish('/chat/lobby', 'hello')
  // @ts-expect-error no such channel
  realtime.publish('/news', 'hello')
  const typed: ServerRealtime<Channels> = app.realtime
  use2(typed)
}

export const nodefony = new Realtime('/realtime', {
  onUnauthorized: authenticate => authenticate.register('ada', 'lovelace'),
  onMessage: (service, message) => use2(service.toUpperCase(), message),
  onUnSubscribe: service => use2(service)
})
// @ts-expect-error no such event
nodefony.listen(null, 'onNothing', () => {})

function use2 (..._values: unknown[]): void {}
