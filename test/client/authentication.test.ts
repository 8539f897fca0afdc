/** HTTP authentication of the client in Node: challenges, each scheme over the wire, and tokens in `ext`. */
import t from 'tap'
import { readChallenges } from '../../lib/client/authentication/challenge.js'
import { digest } from '../../lib/client/digest.js'
import { basic, bearer, type Challenge, type Credentials } from '../../lib/client/index.js'
import { startGateway } from '../harness/gateway.js'
import { guard, PASSWORD, schemes, TOKEN, USERNAME, type Scheme } from '../harness/guarded-gateway.js'
import { inState, makeClient } from '../harness/realtime-client.js'
import { until, within } from '../harness/until.js'

const credentialsFor = (scheme: Scheme): Credentials => {
  if (scheme === 'Basic') return basic('Ada the first', PASSWORD)
  return scheme === 'Bearer' ? bearer(TOKEN) : digest(USERNAME, PASSWORD)
}

t.test('challenges are read as servers write them', async t => {
  const cases: [string, [scheme: string, realm: string, parameters?: object][]][] = [
    ['', []],
    ['Basic realm="a"', [['Basic', 'a']]],
    ['basic REALM=a', [['basic', 'a', { realm: 'a' }]]],
    ['Basic realm="say \\"hi\\", all"', [['Basic', 'say "hi", all']]],
    ['Negotiate', [['Negotiate', '']]],
    ['Negotiate YWJj==, Basic realm="a"', [['Negotiate', ''], ['Basic', 'a']]],
    ['Negotiate, NTLM , Basic realm = "a"', [['Negotiate', ''], ['NTLM', ''], ['Basic', 'a']]],
    ['Digest realm="a", nonce="n", qop="auth,auth-int", stale=TRUE, Bearer', [['Digest', 'a', { nonce: 'n', qop: 'auth,auth-int', stale: 'TRUE' }], ['Bearer', '']]],
    ['Bearer realm="a", error="invalid_token", error_description="It, expired"', [['Bearer', 'a', { error_description: 'It, expired' }]]],
    ['"', []],
    ['Basic realm="unfinished', [['Basic', '']]]
  ]
  for (const [header, expected] of cases) {
    const read = readChallenges(header)
    t.equal(read.length, expected.length, header)
    t.match(read, expected.map(([scheme, realm, parameters]) => ({ scheme, realm, ...(parameters !== undefined && { parameters }) })), header)
  }
  t.equal(readChallenges('Basic '.repeat(1000) + '\\'.repeat(20_000)).length, 1000, 'however long')
})

t.test('a digest is that of the RFC', async t => {
  // RFC 7616, section 3.9.1, but for the nonce that the client chooses.
  const header = 'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
  const mufasa = digest('Mufasa', 'Circle of Life')
  t.equal(mufasa.authorization({ method: 'GET', url: 'http://www.example.org/dir/index.html' }), undefined, 'nobody asked yet')
  t.ok(mufasa.challenged?.(readChallenges(header)))
  const said = mufasa.authorization({ method: 'GET', url: 'http://www.example.org/dir/index.html' }) as string
  t.match(said, /^Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf.*uri="\/dir\/index.html", response="[0-9a-f]{64}", algorithm=SHA-256, opaque="FQhe.*qop=auth, nc=00000001, cnonce="[0-9a-f]{32}"$/)
  t.match(mufasa.authorization({ method: 'GET', url: 'http://www.example.org/' }), /nc=00000002/)
  t.notOk(mufasa.challenged?.(readChallenges(header)), 'refused with the same nonce, it is hopeless')
  t.ok(mufasa.challenged?.(readChallenges(`${header}, stale=true`)), 'unless that is too old')
  t.notOk(mufasa.challenged?.(readChallenges('Digest realm="a", nonce="b", qop="auth-int"')), 'what it cannot do')
  t.notOk(mufasa.challenged?.(readChallenges('Basic realm="a"')))
  const jose = digest('Jäsøn Doe', 'Secret')
  jose.challenged?.(readChallenges('Digest realm="api@example.org", qop=auth, algorithm=MD5, nonce="5", userhash=true'))
  t.match(jose.authorization({ method: 'GET', url: 'http://a/' }), /^Digest username="[0-9a-f]{32}".*userhash=true$/)
  const named = digest("Jäsøn 'x'", 'Secret')
  named.challenged?.(readChallenges('Digest realm="api@example.org", qop=auth, nonce="5"'))
  t.match(named.authorization({ method: 'GET', url: 'http://a/' }), /username\*=UTF-8''J%C3%A4s%C3%B8n%20%27x%27/)
  t.throws(() => basic('a:b', ''), TypeError)
})

for (const scheme of schemes) {
  t.test(`401 with ${scheme}`, async t => {
    // Without cookies, as Node is: upgrades cannot be let in, and every request needs its header.
    const all = guard(scheme, false)
    const { app, url } = await startGateway(t, { ...all.options, timeout: 200 })
    const asked: (readonly Challenge[])[] = []
    const client = makeClient(t, url, {
      authenticate: challenges => {
        asked.push(challenges)
        return asked.length === 1 ? wrongFor(scheme) : credentialsFor(scheme)
      }
    })
    let authorized = 0
    client.on('authorized', () => authorized++)
    await within(client.connect(), 'connected')
    t.equal(authorized, 1)
    t.equal(asked.length, 2, 'asked again where it was wrong')
    t.equal(asked[0]?.[0]?.scheme, scheme.split(' ')[0])
    t.match(client.connection, { transport: 'long-polling' })
    t.equal(client.credentials?.scheme, scheme.split(' ')[0])
    const news = client.subscribe('/news')
    await within(news.ready, 'granted')
    all.nonces.clear()
    await within(client.publish('/news', 1), 'published, also where the nonce is too old')
    t.match(await within(news[Symbol.asyncIterator]().next(), 'an event'), { value: { data: 1 } })
    t.equal(app.realtime.sessions.size, 1)
  })
}

function wrongFor (scheme: Scheme): Credentials {
  if (scheme === 'Basic') return basic('Ada the first', 'wrong')
  return scheme === 'Bearer' ? bearer('wrong') : digest(USERNAME, 'wrong')
}

t.test('who has no credentials is closed out', async t => {
  const { options } = guard('Basic')
  const { url } = await startGateway(t, options)
  for (const authenticate of [() => null, () => { throw new Error('cancelled') }]) {
    const client = makeClient(t, url, { authenticate })
    await t.rejects(within(client.connect(), 'an end'), { code: 401 })
    t.match(client.connection, { state: 'closed', reason: { code: 401 } })
  }
  const client = makeClient(t, url)
  client.connect().catch(() => {})
  t.match(await inState(client, 'waiting'), { reason: { message: /./ } }, 'where nobody may be asked, it tries again')
  await until(() => client.connection.state === 'waiting' && client.connection.reason.code === 401, 'and says why')
})

t.test('credentials that are known need no question', async t => {
  const { options, admitted } = guard('Basic', false)
  const { url } = await startGateway(t, options)
  const client = makeClient(t, url, { credentials: basic('Ada the first', PASSWORD), transport: 'long-polling' })
  await within(client.connect(), 'connected')
  t.notOk(admitted.some(({ method }) => method === 'GET'), 'nor a GET')
})

t.test('a token goes to the WebSocket in ext, and a fresh one with a connect', async t => {
  const seen: unknown[] = []
  const { app, url } = await startGateway(t, {
    timeout: 100,
    authenticate: (_request, { ext }) => {
      if (ext?.token !== 'one') throw new Error('No')
      return { name: 'ada' }
    },
    renew: (_request, { ext }) => {
      seen.push(ext?.token)
      return { name: 'ada' }
    }
  })
  let asked = 0
  const client = makeClient(t, url, { transport: 'websocket', authenticate: () => bearer(asked++ === 0 ? 'wrong' : 'one') })
  await within(client.connect(), 'connected')
  t.match(client.connection, { transport: 'websocket' })
  t.equal(asked, 2, 'asked because the handshake was refused')
  t.same([...app.realtime.sessions.values()].map(({ identity }) => identity), [{ name: 'ada' }])
  client.credentials = bearer('two')
  await until(() => seen.includes('two'), 'the fresh one')
  t.equal(seen[0], 'one')
  t.same(bearer('x', null).ext, undefined)
})

t.test('an answer that says nothing about who we are', async t => {
  const { app, url } = await startGateway(t, { onRequest: async (request, reply) => request.method === 'GET' && request.headers.upgrade === undefined ? reply.code(503).send('Not now') : undefined })
  const client = makeClient(t, url, { authenticate: () => null })
  const errors: unknown[] = []
  client.on('error', error => errors.push(error))
  await within(client.connect(), 'connected')
  t.match(errors, [{ code: 503, message: 'HTTP 503 Service Unavailable' }])
  t.equal(app.realtime.sessions.size, 1)
})
