/** Identities: at the handshake, at each connect, until they expire or are revoked (docs/protocol.md, section 7). */
import t from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { PollClient } from '../harness/poll-client.js'
import { SocketClient } from '../harness/socket-client.js'
import { until } from '../harness/until.js'

interface Token { name: string, expires?: number }

/** Tokens are `name` or `name:ms`, valid for so long. */
function read (token: unknown): Token {
  if (typeof token !== 'string' || token === 'forged') throw new Error('no valid token')
  const [name, ms] = token.split(':') as [string, string?]
  return ms === undefined ? { name } : { name, expires: Date.now() + Number(ms) }
}

const options: RealtimeOptions = {
  authenticate: (request, { ext }) => read(ext?.token ?? request.headers.authorization),
  renew: async (request, { ext }) => ext?.token !== undefined ? read(ext.token) : request.headers.authorization === undefined ? undefined : read(request.headers.authorization),
  sameIdentity: (one, other) => (one as Token).name === (other as Token).name,
  identityExpires: identity => (identity as Token).expires
}

const handshake = (token: string) => ({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket', 'long-polling'], ext: { token } })

t.test('a later request of somebody else is a stranger', async t => {
  const { url, app } = await startGateway(t, options)
  const client = new PollClient(url)
  const [{ clientId }] = await client.send(handshake('ada'))
  const connect = async (authorization?: string) => {
    const response = await client.post([{ channel: '/meta/connect', clientId, connectionType: 'long-polling', advice: { timeout: 0 } }], authorization === undefined ? {} : { authorization })
    return (await response.json() as unknown[])[0]
  }
  t.match(await connect('ada'), { successful: true })
  t.match(await connect(), { successful: true }, 'who says nothing is known by cookie and clientId')
  t.match(await connect('eve'), { successful: false, error: `402:${clientId}:Unknown client` })
  t.equal((app.realtime.sessions.get(clientId)?.identity as Token).name, 'ada')
  t.match(await connect('forged'), { successful: false, error: `401:${clientId}:Not authenticated`, advice: { reconnect: 'handshake' } })
  t.equal(app.realtime.sessions.size, 0, 'whom the application does not accept any more has no session')
})

t.test('an identity that expires ends its session, and the client is advised to shake hands', async t => {
  const { wsUrl, app } = await startGateway(t, options)
  const reasons: string[] = []
  app.realtime.on('disconnect', (_session, reason) => reasons.push(reason))
  const client = await SocketClient.open(t, wsUrl)
  const { clientId } = await client.ask(handshake('ada:200'))
  const held = client.ask({ channel: '/meta/connect', clientId, connectionType: 'websocket' })
  t.match(await held, { successful: false, error: `401:${clientId}:Identity expired`, advice: { reconnect: 'handshake' } })
  t.strictSame(reasons, ['unauthenticated'])
})

t.test('a fresh token renews it over the wire, without a new handshake', async t => {
  const { wsUrl, app } = await startGateway(t, options)
  const client = await SocketClient.open(t, wsUrl)
  const { clientId } = await client.ask(handshake('ada:400'))
  const connect = (token: string) => client.ask({ channel: '/meta/connect', clientId, connectionType: 'websocket', advice: { timeout: 0 }, ext: { token } })
  const session = app.realtime.sessions.get(clientId)
  const first = (session?.identity as Token).expires as number
  t.match(await connect('ada:60000'), { successful: true })
  t.ok((session?.identity as Token).expires as number > first)
  t.match(await connect('eve:60000'), { error: /^402:/ })
  await until(() => Date.now() > first + 300)
  t.match(await client.ask({ channel: '/a', clientId, data: 1 }), { successful: true })
  t.match(await connect('ada:1'), { successful: true })
  await until(() => app.realtime.sessions.size === 0)
})

t.test('revoked: every session of an identity is ended', async t => {
  const { app, url, wsUrl } = await startGateway(t, options)
  const socket = await SocketClient.open(t, wsUrl)
  const { clientId } = await socket.ask(handshake('ada'))
  const held = socket.ask({ channel: '/meta/connect', clientId, connectionType: 'websocket' })
  const poller = new PollClient(url)
  const [polled] = await poller.send(handshake('ada'))
  const [other] = await new PollClient(url).send(handshake('bob'))
  t.equal(app.realtime.disconnect(session => (session.identity as Token).name === 'ada', 'Revoked'), 2)
  t.match(await held, { successful: false, error: `403:${clientId}:Revoked`, advice: { reconnect: 'none' } })
  t.match(await poller.send({ channel: '/a', clientId: polled.clientId, data: 1 }), [{ error: /^402:/ }])
  t.strictSame([...app.realtime.sessions.keys()], [other.clientId])
})

t.test('an end of an identity that is no number was never valid', async t => {
  const { url, app } = await startGateway(t, { identityExpires: () => NaN })
  await new PollClient(url).handshake()
  await until(() => app.realtime.sessions.size === 0)
})

t.test('on a WebSocket whom the application does not accept any more gets the reply first, then the end', async t => {
  const { wsUrl, app } = await startGateway(t, options)
  const client = await SocketClient.open(t, wsUrl)
  const { clientId } = await client.ask(handshake('ada'))
  t.match(await client.ask({ channel: '/meta/connect', clientId, connectionType: 'websocket', ext: { token: 'forged' } }), { successful: false, error: /^401:/, advice: { reconnect: 'handshake' } })
  t.equal((await client.waitClosed()).code, 1000)
  t.equal(app.realtime.sessions.size, 0)
})

t.test('an identity that had ended before the handshake ends its session, the very first one too', async t => {
  const { url, app } = await startGateway(t, { identityExpires: () => Date.now() - 60_000 })
  const client = new PollClient(url)
  await client.handshake()
  await until(() => app.realtime.sessions.size === 0)
  t.match(await client.connect({ timeout: 0 }), [{ error: /^401:/ }])
})
