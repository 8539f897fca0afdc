/** Services inside this process: what may go wrong in them, and how they learn that it is over. */
import { EventEmitter, once } from 'node:events'
import { Duplex, PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { InternalContext, InternalHandler, RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { startCaller } from '../harness/service-caller.js'
import { until, within } from '../harness/until.js'

async function start (t: Test, handler: InternalHandler, more: object = {}, options: RealtimeOptions = {}) {
  const gateway = await startGateway(t, { services: { it: { type: 'internal', handler, ...more } }, ...options })
  const caller = await startCaller(t, gateway.url, 'websocket')
  const hear = async () => (await caller.hear('/service/it')).data
  const hearEnd = async () => (await caller.hear('/meta/unsubscribe')).ext.service
  const closed = () => until(() => gateway.app.realtime.metrics().serviceConnections === 0, 'the conversation is over')
  return { ...gateway, caller, hear, hearEnd, closed }
}

const broken = (told = 'Service broke') => ({ state: 'ended', reason: 'broken', error: `502:/service/it:${told}` })

t.test('whatever can be iterated: each conversation has its own, values stay what they are', async t => {
  const values = ['text', 5, null, { a: [1] }, false, Buffer.from('bytes')]
  const { caller, hear, hearEnd } = await start(t, values)
  for (const turn of ['first', 'second']) {
    t.match(await caller.subscribe('it'), { successful: true }, turn)
    for (const value of values) t.strictSame(await hear(), Buffer.isBuffer(value) ? 'bytes' : value)
    t.strictSame(await hearEnd(), { state: 'ended', reason: 'ended' })
  }
  await caller.subscribe('it')
  t.match(await caller.publish('it', 1), { successful: false, error: /^4/ })
})

t.test('one that never runs dry leaves room for everybody else, subscribed or not', async t => {
  let asked = 0
  const { caller, hear, closed, app } = await start(t, function * () {
    try {
      for (;;) yield asked++
    } finally {
      asked = -1
    }
  })
  await caller.subscribe('it')
  t.equal(await hear(), 0)
  t.match(await caller.publish('it', 'x'), { error: /^405:/ })
  t.match(await caller.unsubscribe('it'), { successful: true })
  await closed()
  t.equal(asked, -1, 'it was told to return')
  t.equal(app.realtime.metrics().links, 0)
})

t.test('a handler that throws, before and after it has spoken', async t => {
  const cases: [string, InternalHandler, unknown[], unknown][] = [
    ['after', async function * () {
      yield 1
      yield 2
      throw new Error('no detail of this leaks')
    }, [1, 2], broken()],
    ['at once', async function * () {
      throw Object.assign(new Error('secret'), { told: 'Come back tomorrow' })
    }, [], broken('Come back tomorrow')],
    ['an iterator', () => ({ [Symbol.asyncIterator]: () => ({ next: () => { throw new Error('secret') } }) }), [], broken()],
    ['a stream of objects', () => Readable.from((function * () {
      yield 'a'
      throw new Error('secret')
    })()), ['a'], broken()],
    ['a stream, before anybody reads it', () => {
      const stream = new Readable({ objectMode: true, read () {} })
      stream.destroy(new Error('secret'))
      return stream
    }, [], broken()],
    ['a stream of bytes', () => {
      const stream = new PassThrough()
      stream.write('a')
      setTimeout(() => stream.destroy(new Error('secret')), 50)
      return stream
    }, ['a'], broken()]
  ]
  for (const [name, handler, values, end] of cases) {
    const { caller, hear, hearEnd, closed } = await start(t, handler)
    t.match(await caller.subscribe('it'), { successful: true }, name)
    for (const value of values) t.equal(await hear(), value, name)
    t.strictSame(await hearEnd(), end, name)
    await closed()
  }
})

t.test('a handler that gives nothing with messages refuses the subscribe', async t => {
  for (const given of [undefined, null, 'text', 5]) {
    const { caller } = await start(t, () => given as never)
    t.match(await caller.subscribe('it'), { successful: false, error: '502:/service/it:Service failed' })
  }
  const { caller } = await start(t, { connect () { throw Object.assign(new Error('secret'), { told: 'Closed on Sundays' }) } })
  t.match(await caller.subscribe('it'), { successful: false, error: '502:/service/it:Closed on Sundays' })
})

t.test('a generator is told to return wherever it is suspended, and the signal is given', async t => {
  const left: string[] = []
  const handlers: Record<string, InternalHandler> = {
    'at a yield': async function * () {
      try {
        for (;;) yield 'x'.repeat(1000)
      } finally {
        left.push('at a yield')
      }
    },
    'while it waits for the signal': async function * (_incoming, { signal }) {
      signal.addEventListener('abort', () => left.push('while it waits for the signal'))
      yield 'hello'
      await once(signal, 'abort')
    },
    'while it waits for words': async function * (incoming) {
      yield 'hello'
      for await (const word of incoming) yield word
      left.push('while it waits for words')
    }
  }
  for (const [name, handler] of Object.entries(handlers)) {
    const { caller, hear, closed } = await start(t, handler)
    await caller.subscribe('it')
    await hear()
    await caller.unsubscribe('it')
    await closed()
    await until(() => left.includes(name), name)
  }
})

t.test('the signal is given to every form', async t => {
  const signals: AbortSignal[] = []
  const remember = ({ signal }: InternalContext) => { signals.push(signal) }
  const forms: InternalHandler[] = [
    (_incoming, context) => {
      remember(context)
      return new PassThrough()
    },
    (_incoming, context) => {
      remember(context)
      return new PassThrough({ objectMode: true })
    },
    (_incoming, context) => {
      remember(context)
      return new EventEmitter()
    },
    { connect: remember, onMessage () {} }
  ]
  for (const [index, form] of forms.entries()) {
    const { caller, closed } = await start(t, form)
    await caller.subscribe('it')
    t.equal(signals[index]?.aborted, false)
    await caller.unsubscribe('it')
    await closed()
    t.equal(signals[index]?.aborted, true)
  }
})

t.test('what is still connecting when nobody waits any more is told so', async t => {
  let aborted = 0
  let closes = 0
  const hang = async ({ signal }: InternalContext) => {
    await once(signal, 'abort')
    aborted++
  }
  for (const handler of [async (_incoming: unknown, context: InternalContext) => {
    await hang(context)
    return []
  }, { connect: hang, close () { closes++ } }] as InternalHandler[]) {
    const { caller, app } = await start(t, handler, { connectTimeout: 50 })
    t.match(await caller.subscribe('it'), { successful: false, error: /^408:/ })
    t.equal(app.realtime.metrics().serviceConnections, 0)
  }
  await until(() => aborted === 2, 'both are told')
  await until(() => closes === 1, 'who connected after all is closed')
})

t.test('a service object: who did not get in is not shown out', async t => {
  const calls: string[] = []
  let full = true
  const { caller, hear, closed } = await start(t, {
    connect () {
      calls.push('connect')
      if (full) throw new Error('full')
      return { welcome: true }
    },
    async onMessage (data) {
      if (data === 'slow') await sleep(50)
      return `got ${String(data)}`
    },
    close () { calls.push('close') }
  })
  t.match(await caller.subscribe('it'), { successful: false })
  full = false
  await caller.subscribe('it', 'slow')
  await caller.publish('it', 'quick')
  t.strictSame(await hear(), { welcome: true })
  t.equal(await hear(), 'got slow')
  t.equal(await hear(), 'got quick')
  await caller.unsubscribe('it', 'bye')
  await closed()
  t.strictSame(calls, ['connect', 'connect', 'close'])
})

t.test('what an object said before it failed is heard', async t => {
  const { caller, hear, hearEnd, closed } = await start(t, {
    async onMessage (data) {
      if (data === 'fail') throw new Error('secret')
      return data
    }
  })
  await caller.subscribe('it', 'one')
  await Promise.all([caller.publish('it', 'two'), caller.publish('it', 'fail')])
  t.equal(await hear(), 'one')
  t.equal(await hear(), 'two')
  t.strictSame(await hearEnd(), broken())
  await closed()
})

t.test('one EventEmitter for everybody: no warning however many listen, and none listens afterwards', async t => {
  const warnings: Error[] = []
  const warn = (warning: Error) => warnings.push(warning)
  process.on('warning', warn)
  t.teardown(() => process.off('warning', warn))
  const emitter = new EventEmitter()
  const { url, closed } = await start(t, emitter)
  const callers = await Promise.all(Array.from({ length: 15 }, () => startCaller(t, url, 'websocket')))
  await Promise.all(callers.map(caller => caller.subscribe('it')))
  emitter.emit('message', 'to all')
  for (const caller of callers) t.equal((await caller.hear('/service/it')).data, 'to all')
  await Promise.all(callers.map(caller => caller.unsubscribe('it')))
  await closed()
  t.strictSame(emitter.eventNames(), [])
  t.equal(emitter.getMaxListeners(), EventEmitter.defaultMaxListeners)
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(warnings, [])
})

t.test('a function may read its clients and speak through an EventEmitter', async t => {
  const { caller, hear } = await start(t, incoming => {
    const emitter = new EventEmitter()
    ;(async () => {
      for await (const word of incoming) emitter.emit('message', `heard ${String(word)}`)
    })()
    return emitter
  })
  await caller.subscribe('it', 'one')
  t.match(await caller.publish('it', 'two'), { successful: true })
  t.equal(await hear(), 'heard one')
  t.equal(await hear(), 'heard two')
})

t.test('a handler that wants to hear no more: publishes are refused, and it goes on speaking', async t => {
  let more = () => {}
  const asked = new Promise<void>(resolve => { more = resolve })
  const { caller, hear, hearEnd } = await start(t, async function * (incoming) {
    const words = incoming[Symbol.asyncIterator]()
    yield `heard ${String((await words.next()).value)}`
    await words.return?.()
    await asked
    yield 'and more'
  })
  await caller.subscribe('it', 'one')
  t.equal(await hear(), 'heard one')
  await until(async () => (await caller.publish('it', 'two')).error === '502:/service/it:Service reads no more')
  more()
  t.equal(await hear(), 'and more')
  t.strictSame(await hearEnd(), { state: 'ended', reason: 'ended' })
})

t.test('one that leaves before it has begun', async t => {
  const { caller, hear } = await start(t, incoming => {
    (incoming as AsyncIterableIterator<unknown>).return?.()
    return ['read only']
  })
  t.match(await caller.subscribe('it'), { successful: true })
  t.equal(await hear(), 'read only')
})

t.test('a stream that nobody came to read is destroyed', async t => {
  const streams: Readable[] = []
  const { caller, app } = await start(t, () => {
    const stream = new Duplex({ objectMode: true, read () {}, write (_data, _encoding, done) { done() } })
    streams.push(stream)
    return stream
  })
  const checked = await app.realtime.services.check('it')
  t.match(checked, { ok: true })
  await caller.subscribe('it')
  await app.close()
  await within(until(() => streams.length === 2 && streams.every(stream => stream.destroyed)), 'both are destroyed')
})
