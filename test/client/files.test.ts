/** The client for browsers, as the plugin serves it. */
import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { startGateway } from '../harness/gateway.js'

const built = (name: string) => readFileSync(new URL(`../../dist/client/${name}`, import.meta.url))

t.test('each file is served, small where that is wanted', async t => {
  const { app } = await startGateway(t, { path: '/live' })
  for (const name of ['client', 'client.global', 'client.nodefony', 'client.reload', 'client.timesync', 'client.binary', 'client.digest']) {
    const plain = await app.inject(`/live/${name}.js`)
    t.equal(plain.statusCode, 200, name)
    t.match(plain.headers, {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=86400, stale-while-revalidate=604800',
      'access-control-allow-origin': '*',
      vary: 'Accept-Encoding',
      etag: /^W\/"[\w-]{22}"$/
    })
    t.notOk('set-cookie' in plain.headers)
    t.equal(plain.payload, String(built(`${name}.js`)))
    t.match(plain.payload, /\/\/# sourceMappingURL=/)
    const map = await app.inject(`/live/${name}.js.map`)
    t.match(map.headers['content-type'], 'application/json')
    t.ok(JSON.parse(map.payload).sources.length > 0)
    const small = await app.inject({ url: `/live/${name}.js`, headers: { 'accept-encoding': 'br, gzip' } })
    t.equal(small.headers['content-encoding'], 'gzip')
    t.equal(String(gunzipSync(small.rawPayload)), plain.payload)
  }
})

t.test('caching', async t => {
  const { app } = await startGateway(t)
  const first = await app.inject('/realtime/client.js')
  const again = await app.inject({ url: '/realtime/client.js', headers: { 'if-none-match': String(first.headers.etag) } })
  t.equal(again.statusCode, 304)
  t.equal(again.payload, '')
  t.equal((await app.inject({ url: '/realtime/client.js', headers: { 'if-none-match': 'W/"another"' } })).statusCode, 200)
  t.match((await app.inject('/realtime/client.js?v=1')).headers['cache-control'], 'immutable')
  for (const none of ['gzip;q=0', 'identity', 'gzip; q=0.0, br']) {
    t.notOk('content-encoding' in (await app.inject({ url: '/realtime/client.js', headers: { 'accept-encoding': none } })).headers, none)
  }
  t.equal((await app.inject({ method: 'HEAD', url: '/realtime/client.js' })).statusCode, 200)
  t.equal((await app.inject('/realtime/client.min.js')).statusCode, 404)
})

t.test('hooks of the gateway are not asked, and the option switches it off', async t => {
  const guarded = await startGateway(t, { onRequest: async (_request, reply) => reply.code(401).send('Who are you?') })
  t.equal((await guarded.app.inject('/realtime/client.js')).statusCode, 200)
  t.equal((await guarded.app.inject('/realtime')).statusCode, 401)
  const foreign = await guarded.app.inject({ url: '/realtime/client.js', headers: { origin: 'https://elsewhere.example' } })
  t.equal(foreign.statusCode, 200, 'a page from elsewhere may read it, and be refused later')
  const without = await startGateway(t, { client: false })
  t.equal((await without.app.inject('/realtime/client.js')).statusCode, 404)
})

t.test('the client is as small as it is said to be', async t => {
  t.ok(gzipSync(built('client.js'), { level: 9 }).length < 16 * 1024, 'less than 16 KB')
})
