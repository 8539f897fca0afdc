/** The guarantees of docs/protocol.md, section 8, each as a whole: under load, with cuts, with thieves, at the end. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { startGateway } from './harness/gateway.js'
import { startMeasuredGateway } from './harness/measured-gateway.js'
import { PollClient } from './harness/poll-client.js'
import { SocketClient, type Message } from './harness/socket-client.js'
import { until, within } from './harness/until.js'

const MB = 1024 * 1024

t.test('200 MB are published: who stops reading and who stops polling cost no memory, everybody else gets all in order', async t => {
  const gateway = await startMeasuredGateway(t)
  const subscribe = (client: SocketClient & { clientId: string }) => client.ask({ channel: '/flood', clientId: client.clientId, data: null }).then(() => client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/flood' }))
  const reader = await SocketClient.connect(t, gateway.wsUrl)
  const stalled = await SocketClient.connect(t, gateway.wsUrl)
  const publisher = await SocketClient.connect(t, gateway.wsUrl)
  const poller = await new PollClient(gateway.url).start()
  await subscribe(reader)
  await subscribe(stalled)
  await poller.ask({ channel: '/meta/subscribe', subscription: '/flood' })
  let read = 0
  let inOrder = true
  reader.ws.removeAllListeners('message')
  reader.ws.on('message', data => {
    for (const message of JSON.parse(String(data))) if (message.channel === '/flood') inOrder &&= message.data.n === read++
  })
  stalled.ws.pause()
  const pad = 'x'.repeat(100_000)
  const COUNT = 2100
  const publish = async (from: number, to: number) => {
    for (let n = from; n < to; n++) {
      publisher.send([{ channel: '/flood', clientId: publisher.clientId, data: { n, pad } }])
      if (n % 10 === 9) await until(() => read > n - 10)
    }
  }
  await publish(0, 50)
  const before = await gateway.measure()
  await publish(50, COUNT)
  await until(() => read === COUNT)
  const after = await gateway.measure()
  t.ok(inOrder)
  t.ok(after.heap - before.heap < 30 * MB, `memory rose by ${((after.heap - before.heap) / MB).toFixed(1)} MB`)
  t.equal(after.metrics.overflowed, 2, 'both were ended')
  t.match(await poller.connect(), [{ error: /^413:/, advice: { reconnect: 'handshake' } }])
  stalled.ws.resume()
  await stalled.waitClosed()
})

/** Delivers numbers to one session, a few each turn, and stops. */
function flow (deliver: (n: number) => unknown) {
  let sent = 0
  const timer = setInterval(() => { for (let n = 0; n < 10; n++) deliver(sent++) }, 1)
  return { stop: () => clearInterval(timer), get sent () { return sent } }
}

t.test('five cuts under load with ack, on long-polling: 0 lost, 0 repeated, 0 out of order', async t => {
  const { app, url } = await startGateway(t, { limits: { outboxEvents: 100_000, outboxBytes: 50 * MB } })
  const client = new PollClient(url)
  const [{ clientId }] = await client.send({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'], ext: { ack: true } })
  const seen: number[] = []
  let ack = 0
  const connect = async (signal?: AbortSignal) => {
    const response = await fetch(url, { method: 'POST', ...(signal !== undefined && { signal }), headers: { 'content-type': 'application/json', cookie: client.cookie as string }, body: JSON.stringify([{ channel: '/meta/connect', clientId, connectionType: 'long-polling', ext: { ack } }]) })
    return await response.json() as Message[]
  }
  const take = (messages: Message[]) => {
    for (const { channel, data } of messages) if (channel === '/n') seen.push(data)
    // One that the poll before it has ended, for that came later, brings nothing.
    ack = messages.at(-1).ext?.ack ?? ack
  }
  await connect(AbortSignal.timeout(1)).catch(() => {})
  const flowing = flow(n => app.realtime.deliver(clientId, '/n', n))
  t.teardown(flowing.stop)
  for (let cut = 0; cut < 5; cut++) {
    for (let round = 0; round < 5; round++) take(await connect())
    // The answer of this poll never arrives.
    const gone = new AbortController()
    const poll = connect(gone.signal)
    await new Promise(resolve => setImmediate(resolve))
    gone.abort()
    await t.rejects(poll)
  }
  flowing.stop()
  while (seen.length < flowing.sent) take(await connect())
  t.ok(flowing.sent > 100)
  t.strictSame(seen, seen.map((_each, index) => index))
})

t.test('without ack: what is lost is what was in flight, and order holds', async t => {
  const { app, wsUrl } = await startGateway(t, { limits: { outboxEvents: 100_000 } })
  let client: SocketClient = await SocketClient.connect(t, wsUrl)
  const { clientId } = client as SocketClient & { clientId: string }
  const flowing = flow(n => app.realtime.deliver(clientId, '/n', n))
  t.teardown(flowing.stop)
  const seen: number[] = []
  const sentAtCut: number[] = []
  for (let cut = 0; cut < 5; cut++) {
    for (let n = 0; n < 50; n++) seen.push((await client.next('/n')).data)
    client.ws.terminate()
    await until(() => app.realtime.sessions.get(clientId)?.transport === null)
    sentAtCut.push(flowing.sent)
    seen.push(...client.messages.filter(each => each.channel === '/n').map(each => each.data))
    const next = await SocketClient.open(t, wsUrl)
    next.send([{ channel: '/meta/connect', clientId, connectionType: 'websocket' }])
    client = next
  }
  const last = flowing.sent
  flowing.stop()
  while (seen.at(-1) as number < last) {
    seen.push((await client.next('/n')).data)
    if (seen.at(-1) === flowing.sent - 1) break
  }
  t.ok(seen.every((n, index) => index === 0 || n > (seen[index - 1] as number)), 'in order, none twice')
  const missing = Array.from({ length: flowing.sent }, (_each, n) => n).filter(n => !seen.includes(n))
  t.ok(missing.every(n => sentAtCut.some(at => n < at && n > at - 2000)), `${missing.length} were in flight when a connection was cut`)
})

const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket', 'long-polling'] }
const connectBy = (clientId: string, connectionType: string) => ({ channel: '/meta/connect', clientId, connectionType, advice: { timeout: 0 } })

/** Every way to own a session: how it lives, and whether its cookie was ever brought. */
async function own (t: Test, url: string, wsUrl: string, transport: string, withCookie: boolean) {
  const poller = new PollClient(url, withCookie)
  if (withCookie) await poller.post([])
  const [{ clientId }] = await poller.send(handshake)
  poller.clientId = clientId
  if (transport === 'long-polling') {
    await poller.connect({ timeout: 0 })
    return { clientId, poller, alive: async () => (await poller.ask({ channel: '/mine', data: 1 })).successful as boolean }
  }
  const socket = await SocketClient.open(t, wsUrl, withCookie ? { headers: { cookie: poller.cookie as string } } : {})
  await socket.ask(connectBy(clientId, 'websocket'))
  return { clientId, poller, alive: async () => (await socket.ask({ channel: '/mine', clientId, data: 1 })).successful as boolean }
}

t.test('a stolen clientId: in every combination of transport, cookie and message only the owner is served, undisturbed', async t => {
  const { url, wsUrl, app } = await startGateway(t)
  for (const transport of ['long-polling', 'websocket']) {
    for (const withCookie of [true, false]) {
      // Without a cookie and without a socket the clientId is all there is: knowing it is owning it.
      if (transport === 'long-polling' && !withCookie) continue
      const owner = await own(t, url, wsUrl, transport, withCookie)
      const { clientId } = owner
      for (const cookie of [null, 'BAYEUX_BROWSER=' + 'z'.repeat(27)]) {
        const name = `owner on ${transport} ${withCookie ? 'with' : 'without'} cookie, thief with ${cookie === null ? 'none' : 'another'}`
        const thief = new PollClient(url, false)
        thief.cookie = cookie
        const socket = await SocketClient.open(t, wsUrl, cookie === null ? {} : { headers: { cookie } })
        for (const message of [
          { channel: '/meta/subscribe', subscription: '/mine' }, { channel: '/meta/unsubscribe', subscription: '/mine' }, { channel: '/mine', data: 1 },
          { channel: '/meta/disconnect' }, { ...connectBy(clientId, 'long-polling') }
        ]) {
          for (const reply of [(await thief.send({ clientId, ...message }))[0], await socket.ask({ clientId, ...message })]) {
            t.match(reply, { successful: false, error: `402:${clientId}:Unknown client` }, `${name}: ${message.channel}`)
          }
        }
      }
      t.ok(await owner.alive(), `owner on ${transport} ${withCookie ? 'with' : 'without'} cookie is not disturbed`)
    }
  }
  t.equal(app.realtime.metrics().takenOver, 0)
})

t.test('SIGTERM with 40 held polls and sockets: all answered, exit 0 within the drain time', async t => {
  const gateway = await startMeasuredGateway(t)
  const polls: Promise<Message[]>[] = []
  const sockets: (SocketClient & { clientId: string })[] = []
  for (let n = 0; n < 20; n++) {
    polls.push((await new PollClient(gateway.url).start()).connect())
    const socket = await SocketClient.connect(t, gateway.wsUrl)
    socket.send([{ channel: '/meta/connect', clientId: socket.clientId, connectionType: 'websocket', id: 'held' }])
    sockets.push(socket)
  }
  await until(async () => (await gateway.measure()).metrics.heldConnects === 40)
  const exited = once(gateway.child, 'exit')
  const killer = setTimeout(() => gateway.child.kill('SIGKILL'), 5000)
  gateway.child.kill('SIGTERM')
  const intervals = new Set<number>()
  for (const [reply] of await within(Promise.all(polls), 'all polls answered')) {
    t.match(reply, { channel: '/meta/connect', successful: true, advice: { reconnect: 'retry' } })
    intervals.add(reply.advice.interval)
  }
  for (const socket of sockets) {
    t.match(await socket.next(message => message.id === 'held'), { successful: true, advice: { reconnect: 'retry' } })
    t.equal((await socket.waitClosed()).code, 1001)
  }
  t.ok(intervals.size > 5, 'each comes back at a time of its own')
  const [code, signal] = await exited
  clearTimeout(killer)
  t.strictSame([code, signal], [0, null])
})

t.test('nothing of one session reaches another, and nothing of /meta and /service a wildcard', async t => {
  const { app, wsUrl } = await startGateway(t)
  const spy = await SocketClient.connect(t, wsUrl)
  for (const subscription of ['/**', '/*']) t.match(await spy.ask({ channel: '/meta/subscribe', clientId: spy.clientId, subscription }), { successful: true })
  for (const subscription of ['/service/**', '/service/*', '/meta/**', '/meta/*', '/meta/connect']) t.match(await spy.ask({ channel: '/meta/subscribe', clientId: spy.clientId, subscription }), { successful: false })
  const client = await SocketClient.connect(t, wsUrl)
  app.realtime.subscribe('/service/secret', () => {})
  await client.ask({ channel: '/meta/subscribe', clientId: client.clientId, subscription: '/service/secret' })
  await client.ask({ channel: '/service/secret', clientId: client.clientId, data: 1 })
  app.realtime.deliver(client.clientId, '/service/secret', 2)
  app.realtime.deliver(client.clientId, '/private', 3)
  await client.next('/private')
  app.realtime.publish('/end', 1)
  await spy.next('/end')
  t.strictSame(spy.messages, [])
})
