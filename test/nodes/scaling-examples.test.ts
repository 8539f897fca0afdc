/** The examples of docs/scaling.md, as they stand there, with real servers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { createClient } from 'redis'
import t, { type Test } from 'tap'
import { nats, natsHistory } from '../../lib/nats.js'
import { redis, redisHistory } from '../../lib/redis.js'
import type { Backplane, History, RealtimeOptions } from '../../lib/index.js'
import { folder } from '../harness/example.js'
import { withNatsServer } from '../harness/nats-server.js'
import { startNodes, type Nodes } from '../harness/nodes.js'
import { withRedisServer } from '../harness/redis-server.js'
import { startRestartable } from '../harness/restartable-server.js'
import { SocketClient } from '../harness/socket-client.js'
import { until, within } from '../harness/until.js'

const docs = readFileSync(folder('docs/scaling.md'), 'utf8')

/** The block of the document in a language that has a word in it. */
function example (language: string, word: string): string {
  const found = [...docs.matchAll(/^```(\w+)\n([^]*?)^```/gm)].filter(([, name, text]) => name === language && text?.includes(word))
  if (found.length !== 1) throw new Error(`${found.length} examples in ${language} with ${word}`)
  return found[0]?.[2] as string
}

/** Runs a command in the folder of the package. @returns what it says on stdout */
async function run (program: string, ...args: string[]): Promise<string> {
  const child = spawn(program, args, { cwd: folder('.'), stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', data => { said += String(data) })
  const [code] = await within(once(child, 'close'), `${program} ends`)
  if (code !== 0) throw new Error(`${program} ended with ${code}`)
  return said
}

/** Two clients on two nodes hear what `say` publishes to `/chat/lobby`, once. */
async function hearOnce (t: Test, [a, b]: Nodes<Backplane>, say: () => Promise<unknown>, expected: object): Promise<void> {
  const clients = [await SocketClient.connect(t, a.wsUrl), await SocketClient.connect(t, b.wsUrl)]
  for (const client of clients) t.match(await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/chat/*' }), { successful: true })
  await say()
  for (const client of clients) t.strictSame(await client.next('/chat/lobby'), { channel: '/chat/lobby', ...expected })
  a.app.realtime.publish('/chat/lobby', 'the next')
  for (const client of clients) t.match(await client.next('/chat/lobby'), { data: 'the next' }, 'it came once')
}

/** What needs everything that a user of a node may: events, relays, a kept event and a replay of it on another node. */
async function everything (t: Test, nodes: Nodes<Backplane>): Promise<void> {
  const [a, b] = nodes
  await hearOnce(t, nodes, async () => b.app.realtime.publish('/chat/lobby', 1), { data: 1 })
  const writer = await SocketClient.connect(t, a.wsUrl)
  t.match(await writer.ask({ channel: '/news/today', clientId: writer.clientId, data: 'kept' }), { successful: true })
  const reader = await SocketClient.connect(t, b.wsUrl)
  t.match(await reader.ask({ channel: '/meta/subscribe', clientId: reader.clientId, subscription: '/news/today', ext: { replay: { '/news/today': -2 } } }), { successful: true })
  t.match(await reader.next('/news/today'), { data: 'kept' })
  t.match(await reader.ask({ channel: '/meta/subscribe', clientId: reader.clientId, subscription: '/**' }), { successful: true })
}

const keeping = (history: () => History) => (): RealtimeOptions => ({ history: history(), channels: { '/news/*': { history: {} } } })

withNatsServer(t, async (t, program) => {
  const at = (port: number, user?: string, pass?: string) => connect({ servers: `127.0.0.1:${port}`, ...(user !== undefined && { user, pass }) })

  t.test('a program publishes over NATS', async t => {
    const { port } = await startRestartable(t, port => [program, '-a', '127.0.0.1', '-p', String(port)])
    const connection = await at(port)
    const nodes = await startNodes(t, 3, () => nats({ connection }))
    t.after(() => connection.close())
    const code = example('js', "connection.publish('bayeux.chat.lobby'").replace('4222', String(port))
    await hearOnce(t, nodes, () => run(process.execPath, '--input-type=module', '-e', code), { data: { user: 'cron', text: 'from NATS' }, id: 'n1' })
  })

  t.test('users of NATS: nodes may what they need, a program no more than it is to', async t => {
    const server = await startRestartable(t,
      (port, place) => [program, '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', place, '-c', join(place, 'nats.conf')],
      place => writeFileSync(join(place, 'nats.conf'), example('conf', 'authorization')))
    const connection = await at(server.port, 'node', 'secret1')
    const nodes = await startNodes(t, 3, () => nats({ connection }), keeping(() => natsHistory({ connection, maxBytes: 2 ** 24 })))
    t.after(() => connection.close())
    await everything(t, nodes)
    const newsroom: NatsConnection = await at(server.port, 'newsroom', 'secret2')
    t.after(() => newsroom.close())
    const refused: string[] = []
    const watching = (async () => {
      for await (const status of newsroom.status()) if (status.type === 'error') refused.push(String(status.error))
    })()
    newsroom.publish('bayeux-nodes.all', JSON.stringify({ from: 'x', say: 'bye' }))
    newsroom.publish('bayeux.chat.lobby', '{"data":1}')
    const heard: string[] = []
    newsroom.subscribe('bayeux-nodes.>', { callback: (error, message) => { if (error === null) heard.push(message.subject) } })
    await until(() => refused.length >= 3, 'all three are refused')
    await newsroom.close()
    await watching
    t.strictSame(heard, [])
    t.match(refused.join('\n'), /bayeux-nodes\.all[^]*bayeux\.chat\.lobby[^]*bayeux-nodes\.>/)
  })
})

withRedisServer(t, async (t, program) => {
  t.test('redis-cli publishes', async t => {
    const { port } = await startRestartable(t, (port, place) => [program, '--bind', '127.0.0.1', '--port', String(port), '--dir', place, '--save', ''])
    const nodes = await startNodes(t, 3, () => redis({ client: createClient({ url: `redis://127.0.0.1:${port}` }) }))
    const line = example('bash', 'redis-cli PUBLISH').replace('redis-cli', `redis-cli -p ${port}`)
    await hearOnce(t, nodes, async () => t.equal(await run('bash', '-c', line), '2\n', 'the nodes hear it where somebody listens'), { data: { user: 'cron', text: 'from Redis' }, id: 'r1' })
  })

  t.test('users of Redis: nodes may what they need, a program no more than it is to', async t => {
    const { port } = await startRestartable(t,
      (port, place) => [program, join(place, 'redis.conf'), '--bind', '127.0.0.1', '--port', String(port), '--dir', place, '--save', ''],
      place => writeFileSync(join(place, 'redis.conf'), example('conf', 'user newsroom on')))
    const client = createClient({ url: `redis://node:secret1@127.0.0.1:${port}` })
    await client.connect()
    t.after(() => client.close())
    const nodes = await startNodes(t, 3, () => redis({ client }), keeping(() => redisHistory({ client })))
    await everything(t, nodes)
    const newsroom = createClient({ url: `redis://newsroom:secret2@127.0.0.1:${port}` })
    await newsroom.connect()
    t.after(() => newsroom.close())
    await newsroom.publish('bayeux:/news/today', '{"data":1}')
    for (const name of ['bayeux:/chat/lobby', 'bayeux-nodes:all']) await t.rejects(newsroom.publish(name, '{"data":1}'), /NOPERM/, name)
    await t.rejects(newsroom.get('bayeux-history:x'), /NOPERM/)
    await t.rejects(newsroom.sendCommand(['SUBSCRIBE', 'bayeux-nodes:all']), /NOPERM/)
    const stranger = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: false } })
    stranger.on('error', () => {})
    await t.rejects(stranger.connect().then(() => stranger.ping()), /NOAUTH|WRONGPASS/)
  })
})
