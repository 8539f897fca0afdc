/** What is only true of the history in JetStream. */
import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream'
import { connect, errors, type NatsConnection } from '@nats-io/transport-node'
import t, { type Test } from 'tap'
import type { Appended, History } from '../../lib/index.js'
import { natsHistory } from '../../lib/nats.js'
import { dataOf, readOn } from '../conformance/history.js'
import { startNatsServer, withNatsServer } from '../harness/nats-server.js'
import { until } from '../harness/until.js'

async function append (history: History, data: unknown, size = 1000): Promise<Appended> {
  return await history.append({ channel: '/a/b', data }, { size }) as Appended
}

t.test('a prefix that cannot be part of a subject', async t => {
  for (const prefix of ['', 'a b', '*', 'a..b', '>']) t.throws(() => natsHistory({ connection: {} as NatsConnection, prefix }), TypeError, prefix)
})

withNatsServer(t, async (t, program) => {
  const server = await startNatsServer(t, program, { jetStream: true })
  const connection = await connect({ servers: `127.0.0.1:${server.port}` })
  const manager = await jetstreamManager(connection)
  t.teardown(() => connection.close())

  /** A history with a stream of its own, which ends with the test. */
  const make = (t: Test, through: NatsConnection = connection) => {
    const stream = t.name.replaceAll(/\W+/g, '-').slice(0, 30)
    const prefix = stream.toLowerCase()
    t.teardown(() => manager.streams.delete(stream).catch(() => {}))
    return { stream, subject: `${prefix}-history.a.b`, history: natsHistory({ connection: through, stream, prefix, maxBytes: 2 ** 24, timeout: 2000 }) }
  }
  const kept = async (stream: string, subject: string) => (await manager.streams.info(stream, { subjects_filter: subject })).state.subjects?.[subject] ?? 0

  t.test('the stream is made when it is first needed, once', async t => {
    const { history, stream } = make(t)
    await t.rejects(manager.streams.info(stream))
    await Promise.all([append(history, 1), history.since('/x', -1, 10), history.channels('/**')])
    const { config } = await manager.streams.info(stream)
    t.match(config, { retention: 'limits', storage: 'file', discard: 'old', max_bytes: 2 ** 24, num_replicas: 1, deny_purge: false })
    await history.close()
    t.notOk(connection.isClosed(), 'the connection is the application\'s')
  })

  t.test('a stream that is there keeps its settings, and what it dropped is told', async t => {
    const { history, stream, subject } = make(t)
    await manager.streams.add({ name: stream, subjects: [subject.replace('.a.b', '.>')], max_msgs_per_subject: 3 } as StreamConfig)
    const before = (await manager.streams.info(stream)).config
    const ids: number[] = []
    for (let data = 1; data <= 6; data++) ids.push((await append(history, data)).id)
    t.strictSame((await manager.streams.info(stream)).config, before)
    t.strictSame(dataOf(await readOn(history, '/a/b', -2, 2)), [4, 5, 6])
    t.equal(await history.since('/a/b', ids[1] as number, 10), null)
    t.strictSame(dataOf(await readOn(history, '/a/b', ids[2] as number, 10)), [4, 5, 6])
  })

  t.test('what is too much of a channel is dropped from the stream too', async t => {
    const { history, stream, subject } = make(t)
    for (let data = 1; data <= 250; data++) await append(history, data, 5)
    await until(async () => await kept(stream, subject) <= 105, 'it is dropped')
    t.strictSame(dataOf(await readOn(history, '/a/b', -2, 2)), [246, 247, 248, 249, 250])
  })

  t.test('a size that became much smaller', async t => {
    const { history, stream } = make(t)
    await Promise.all(Array.from({ length: 20 }, async () => {
      for (let data = 1; data <= 60; data++) await append(history, data)
    }))
    await append(history, 'last', 5)
    const events = await readOn(history, '/a/b', -2, 2)
    t.equal(events?.length, 5)
    t.equal(events?.at(-1)?.event.data, 'last')
    await until(async () => (await manager.streams.info(stream)).state.consumer_count === 0, 'no reader is left behind')
  })

  t.test('an acknowledgement that is lost: the event is kept once, and what was before is right', async t => {
    let lost = 0
    // The server has it, and its answer does not come. Meanwhile somebody else may have moved on.
    const through = Object.create(connection, {
      request: {
        value: async (subject: string, ...rest: [never, never]) => {
          const answer = await connection.request(subject, ...rest)
          if (subject.startsWith('$JS') || lost++ > 0) return answer
          await append(other, 'of another')
          throw new errors.TimeoutError()
        }
      }
    }) as NatsConnection
    const { history } = make(t, through)
    const { history: other } = make(t)
    const first = await append(other, 'first')
    const appended = await append(history, 'second')
    t.ok(lost > 1, 'it was sent again')
    t.equal(appended.before, first.id)
    const next = await append(history, 'next')
    t.strictSame(dataOf(await readOn(history, '/a/b', -2, 10)), ['first', 'second', 'of another', 'next'])
    t.equal((await history.since('/a/b', next.before - 1, 1))?.events[0]?.event.data, 'of another')
  })

  t.test('a stream that was emptied: who missed something is told', async t => {
    const { history, stream } = make(t)
    const ids = [(await append(history, 1)).id, (await append(history, 2)).id]
    await manager.streams.purge(stream)
    t.equal(await history.since('/a/b', ids[0] as number, 10), null)
    t.strictSame(await history.since('/a/b', ids[1] as number, 10), { events: [], last: ids[1] })
    const { id, before } = await append(history, 3)
    t.ok(before >= (ids[1] as number) && before < id)
    t.equal(await history.since('/a/b', ids[0] as number, 10), null)
    t.strictSame(dataOf(await readOn(history, '/a/b', ids[1] as number, 10)), [3])
  })

  t.test('a stream that is gone is made again', async t => {
    const { history, stream } = make(t)
    await append(history, 1)
    await manager.streams.delete(stream)
    await until(() => append(history, 2).catch(() => null), 'it is made again')
    t.strictSame(dataOf(await readOn(history, '/a/b', -2, 10)), [2])
  })

  t.test('what is no event of a gateway is passed over', async t => {
    const { history, subject } = make(t)
    await append(history, 1)
    await connection.request(subject, 'not JSON')
    const { id, before } = await append(history, 2)
    await connection.request(subject, 'nor this')
    t.strictSame(dataOf(await readOn(history, '/a/b', -2, 10)), [1, 2])
    t.equal(before, id - 1)
    t.strictSame(dataOf(await readOn(history, '/a/b', id, 10)), [])
  })

  t.test('a connection that is closed', async t => {
    const closed = await connect({ servers: `127.0.0.1:${server.port}` })
    const { history } = make(t, closed)
    await append(history, 1)
    await closed.close()
    await t.rejects(append(history, 2))
    await t.rejects(Promise.resolve(history.since('/a/b', -2, 10)))
    await history.close()
  })
})

withNatsServer(t, async (t, program) => {
  const server = await startNatsServer(t, program)
  const connection = await connect({ servers: `127.0.0.1:${server.port}` })
  t.teardown(() => connection.close())
  t.test('a server without JetStream', async t => {
    const history = natsHistory({ connection })
    await t.rejects(append(history, 1))
    await t.rejects(Promise.resolve(history.since('/a/b', -2, 10)))
  })
})
