/** The backplane over NATS, beyond what every backplane does. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import t, { type Test } from 'tap'
import { nats } from '../../lib/nats.js'
import { ListeningNode } from '../conformance/listening-node.js'
import { startNatsServer, withNatsServer } from '../harness/nats-server.js'
import { startRestartable } from '../harness/restartable-server.js'
import { until, within } from '../harness/until.js'

async function openNode (t: Test, port: number, options: { user?: string, pass?: string } = {}): Promise<ListeningNode> {
  const connection = await connect({ servers: `127.0.0.1:${port}`, reconnectTimeWait: 20, ...options })
  const node = await new ListeningNode(nats({ connection })).open()
  t.after(async () => {
    await node.bus.close()
    await connection.close()
  })
  return node
}

t.test('a prefix is one of subjects', async t => {
  const connection = {} as Parameters<typeof nats>[0]['connection']
  for (const prefix of ['', 'a b', 'a.*', '>', '.a', 'a.', 'a..b', '/a', 'é']) t.throws(() => nats({ connection, prefix }), TypeError, prefix)
  t.doesNotThrow(() => nats({ connection, prefix: 'acme.prod-1.chat_2' }))
})

withNatsServer(t, async (t, program) => {
  t.test('what is longer than the server allows goes nowhere, and it is said', async t => {
    const { port } = await startNatsServer(t, program)
    const [one, other] = [await openNode(t, port), await openNode(t, port)]
    const longest = one.bus.longest as number
    t.equal(longest, 1024 * 1024)
    await other.bus.interest('/a', true)
    for (const text of ['x'.repeat(longest), 'x'.repeat(longest + 1), 'é'.repeat(longest / 2), `${'é'.repeat(longest / 2)}x`]) {
      one.bus.publish('/a', text)
      one.bus.send(other.name, text)
    }
    one.bus.shout('x'.repeat(longest + 1))
    await other.arrivalOf(one)
    t.strictSame(other.all.map(text => Buffer.byteLength(text)), [longest, longest, longest, longest])
    t.equal(one.troubles.length, 5)
    t.ok(one.isUp)
  })

  t.test('a connection that is closed can never work; one that closes is gone', async t => {
    const { port } = await startNatsServer(t, program)
    const connection = await connect({ servers: `127.0.0.1:${port}` })
    const node = await new ListeningNode(nats({ connection })).open()
    await connection.close()
    await until(() => !node.isUp, 'it is gone')
    t.match(node.troubles.at(-1), { message: /closed/ })
    node.bus.publish('/a', 'nowhere')
    await node.bus.interest('/a', true)
    await t.rejects(node.bus.flush())
    await node.bus.close()
    const late = new ListeningNode(nats({ connection }))
    await t.rejects(late.bus.open(late.name, late), { message: /closed/ })
    t.strictSame(late.states, [])
  })

  t.test('what the server refuses is said, and the rest goes on', async t => {
    const server = await startRestartable(t, (port, folder) => [program, '-a', '127.0.0.1', '-p', String(port), '-c', join(folder, 'nats.conf')], folder =>
      writeFile(join(folder, 'nats.conf'), 'authorization { users = [{ user: one, password: secret, permissions: { publish: ["bayeux-nodes.>", "bayeux.a"], subscribe: ["bayeux-nodes.>", "bayeux.a"] } }] }'))
    const node = await openNode(t, server.port, { user: 'one', pass: 'secret' })
    await within(Promise.all(['/a', '/secret', '/**'].map(each => node.bus.interest(each, true))), 'the server has answered')
    node.bus.publish('/secret', 'nowhere')
    node.bus.publish('/a', 'there')
    await node.heardOf('there')
    await until(() => node.troubles.length >= 3, 'everything is said')
    t.strictSame(node.troubles.map(({ message }) => /"(bayeux\.[^"]+)"/.exec(message)?.[1]).sort(), ['bayeux.>', 'bayeux.secret', 'bayeux.secret'])
    await node.bus.interest('/secret', false)
    t.strictSame(node.all, ['there'])
    // It comes back without what is refused.
    await server.kill()
    await server.start()
    await until(() => node.states.length === 3 && node.isUp, 'it is back')
    node.bus.publish('/a', 'there again')
    await node.heardOf('there again')
  })
})
