/** Why a session ended, for a client that could not be told at once: it was between two polls, or its connection was lost. */
import t from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { inState, makeClient } from '../harness/realtime-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

const options: RealtimeOptions = { maxInterval: 60_000 }
const gone = { successful: false, error: /^402:/, advice: { reconnect: 'handshake' } }

t.test('between two polls: its next connect is told the reason, and everything else that there is no session', async t => {
  const { app, url } = await startGateway(t, options)
  const client = await new PollClient(url).start()
  app.realtime.sessions.get(client.clientId)?.disconnect('Enough')
  t.match(await client.ask({ channel: '/news', data: 1 }), gone)
  const told = { channel: '/meta/connect', successful: false, error: `403:${client.clientId}:Enough`, advice: { reconnect: 'none' } }
  for (const answer of ['the first', 'one whose answer was lost']) t.match((await client.connect()).at(-1), told, answer)
})

t.test('only who may speak for the session is told', async t => {
  const { app, url } = await startGateway(t, { ...options, limits: { handshakeWithoutConnect: 1 } })
  const client = await new PollClient(url).start()
  const session = app.realtime.sessions.get(client.clientId)
  await until(() => session !== undefined && session.age > 1)
  await client.connect({ timeout: 0 })
  session?.disconnect('Enough')
  const stranger = new PollClient(url)
  stranger.clientId = client.clientId
  t.match((await stranger.connect()).at(-1), gone)
  t.match((await client.connect()).at(-1), { error: /^403:/ })
})

t.test('a lost WebSocket comes back, over whatever', async t => {
  const { app, url, wsUrl } = await startGateway(t, options)
  const lost = await SocketClient.connect(t, wsUrl)
  const session = app.realtime.sessions.get(lost.clientId)
  lost.ws.terminate()
  await until(() => session?.transport === null)
  session?.disconnect()
  const back = await SocketClient.open(t, wsUrl)
  t.match(await back.ask({ channel: '/meta/connect', clientId: lost.clientId, connectionType: 'websocket' }), { error: /^403:/, advice: { reconnect: 'none' } })
  const poll = new PollClient(url)
  poll.clientId = lost.clientId
  t.match((await poll.connect()).at(-1), { error: /^403:/ })
})

t.test('an identity that expired, and a reader that was too slow, are told with the advice to come back', async t => {
  const { app, url } = await startGateway(t, { ...options, authenticate: () => 'ada', identityExpires: () => expires, limits: { outboxEvents: 2 } })
  let expires = Infinity
  const slow = await new PollClient(url).start()
  await slow.ask({ channel: '/meta/subscribe', subscription: '/news' })
  for (const number of [1, 2, 3]) app.realtime.publish('/news', number)
  t.match((await slow.connect()).at(-1), { error: /^413:/, advice: { reconnect: 'handshake' } })
  expires = Date.now() + 500
  const old = await new PollClient(url).start()
  await until(() => !app.realtime.sessions.has(old.clientId))
  t.match((await old.connect()).at(-1), { error: `401:${old.clientId}:Identity expired`, advice: { reconnect: 'handshake' } })
})

t.test('they are bounded in number and in time', async t => {
  const few = await startGateway(t, { ...options, limits: { sessions: 2 } })
  const clients: PollClient[] = []
  for (let number = 0; number < 3; number++) {
    const client = await new PollClient(few.url).start()
    few.app.realtime.sessions.get(client.clientId)?.disconnect()
    clients.push(client)
  }
  const [first, ...others] = clients as [PollClient, PollClient, PollClient]
  t.match((await first.connect()).at(-1), gone)
  for (const client of others) t.match((await client.connect()).at(-1), { error: /^403:/ })

  const short = await startGateway(t, { maxInterval: 300 })
  const late = await new PollClient(short.url).start()
  short.app.realtime.sessions.get(late.clientId)?.disconnect()
  await until(async () => (await late.connect()).at(-1).error.startsWith('402:'))
})

t.test('a client that polls and was ended stays away', async t => {
  const { app, url } = await startGateway(t, { ...options, interval: 300 })
  const client = makeClient(t, url, { transport: 'long-polling' })
  await client.connect()
  const { clientId } = client
  await until(() => app.realtime.metrics().heldConnects === 1)
  // It is told something, and waits before it asks for more.
  app.realtime.deliver(clientId as string, '/news', 1)
  await until(() => app.realtime.metrics().heldConnects === 0)
  app.realtime.sessions.get(clientId as string)?.disconnect('Enough')
  t.match((await inState(client, 'closed')).reason, { code: 403, message: `403:${clientId}:Enough` })
})
