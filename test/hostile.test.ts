/**
 * Hostile input: a seeded generator speaks to a real gateway over HTTP and WebSocket.
 * `HOSTILE_MESSAGES=1000000 npx tap test/hostile.test.ts --timeout=3600` sends more, `HOSTILE_SEED` another stream.
 */
import { Agent, request } from 'node:http'
import t from 'tap'
import WebSocket from 'ws'
import { startMeasuredGateway, type MeasuredGateway } from './harness/measured-gateway.js'
import { PollClient } from './harness/poll-client.js'
import { until, within } from './harness/until.js'

const MESSAGES = Number(process.env.HOSTILE_MESSAGES ?? 10_000)
const SEED = Number(process.env.HOSTILE_SEED ?? 20_150_527)
const MB = 1024 * 1024

/** A small generator of numbers in [0, 1), the same for the same seed (mulberry32). */
function randomFrom (seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let x = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296
  }
}

const random = randomFrom(SEED)
const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
const chance = (probability: number) => random() < probability
const below = (bound: number) => Math.floor(random() * bound)

/** ClientIds that the gateway gave out, to be abused by everybody. */
const known: string[] = ['nobody']

function nested (depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = chance(0.5) ? [value] : { a: value }
  return value
}

function text (): string {
  return pick([
    () => '', () => 'a'.repeat(below(300)), () => '\u0000\u2028\ud800', () => '__proto__', () => 'constructor', () => '/a'.repeat(below(2000)),
    () => pick(known), () => '😀'.repeat(below(50)), () => '*', () => '1e999', () => String.fromCharCode(...Array.from({ length: below(20) }, () => below(65536)))
  ])()
}

function channel (): string {
  return pick([
    () => pick(['/meta/connect', '/meta/subscribe', '/meta/unsubscribe', chance(0.1) ? '/meta/disconnect' : '/a', chance(0.1) ? '/meta/handshake' : '/b']),
    () => pick(['/a', '/a/b', '/a/b/c', '/service/none', '/service/**', '/meta/subscribe/x', '/meta/', '/**', '/*', '/a/*', '/a/**/b', '//', '/']),
    () => '/' + text(), () => '/a'.repeat(below(40)), () => '/' + 'x'.repeat(below(400))
  ])()
}

function value (depth = 0): unknown {
  return pick([
    () => null, () => true, () => below(1e9), () => -1, () => 1e308, text, channel, () => ({ length: 2e9 }),
    () => depth > 3 ? [] : Array.from({ length: below(6) }, () => value(depth + 1)),
    () => depth > 3 ? {} : Object.fromEntries(Array.from({ length: below(6) }, () => [text(), value(depth + 1)])),
    () => nested(below(120)), () => JSON.parse('{"__proto__":{"polluted":1}}'), () => new Array(below(2000)).fill('/x')
  ])()
}

/** A message that is nearly right, or far from it. */
function message (): unknown {
  if (chance(0.002)) return value()
  const base: Record<string, unknown> = { channel: channel(), clientId: pick(known), id: below(1000) }
  if (chance(0.5)) Object.assign(base, { version: '1.0', supportedConnectionTypes: ['websocket', 'long-polling'], connectionType: pick(['websocket', 'long-polling', 'x']), subscription: chance(0.8) ? channel() : [channel(), channel()], advice: { timeout: chance(0.9) ? 0 : 50 } })
  if (chance(0.7)) base.data = value()
  for (const field of Object.keys(base)) {
    if (chance(0.06)) base[field] = value()
    if (chance(0.03)) delete base[field]
  }
  if (chance(0.1)) base.ext = value()
  return base
}

function body (count: number): string {
  if (chance(0.02)) return pick(['{', '[', 'null', '', '"x"', '[[[[', '{"channel":"/a","data":' + '['.repeat(5000), '\ud800', '[1,2,3]'])
  const messages = Array.from({ length: count }, message)
  return JSON.stringify(count === 1 && chance(0.3) ? messages[0] : messages) ?? 'null'
}

/** Without lone surrogates, which no URI can carry. */
function wellFormed (text: string): string {
  return Buffer.from(text).toString()
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 })
const statuses = new Set([200, 400, 403, 404, 405, 408, 413, 415])

function post (url: string, text: string): Promise<{ status: number, answer: string }> {
  const type = chance(0.9) ? 'application/json' : pick(['application/x-www-form-urlencoded', 'text/plain', 'application/xml', 'application/json; charset=latin1', ''])
  const sent = type === 'application/x-www-form-urlencoded' ? `message=${encodeURIComponent(wellFormed(text))}` : text
  const headers: Record<string, string> = { 'content-type': type }
  if (chance(0.2)) headers.cookie = `BAYEUX_BROWSER=${chance(0.5) ? 'x'.repeat(27) : encodeURIComponent(wellFormed(text.slice(0, 20)))}`
  if (chance(0.05)) headers.origin = pick(['https://evil.example', 'null', 'http://127.0.0.1'])
  return new Promise((resolve, reject) => {
    const sending = request(url + pick(['', '', '/', '/handshake', '/connect', '/publish', '/x']), { method: chance(0.97) ? 'POST' : pick(['GET', 'PUT', 'DELETE', 'OPTIONS']), agent, headers }, response => {
      let answer = ''
      response.setEncoding('utf8').on('data', piece => { answer += piece }).on('end', () => resolve({ status: response.statusCode ?? 0, answer })).on('error', reject)
    })
    sending.on('error', error => {
      // A body that is too large is answered while it is still being sent.
      if (['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) resolve({ status: 413, answer: '' })
      else reject(error)
    })
    sending.end(sent)
  })
}

function remember (answer: string): void {
  for (const [, id] of answer.matchAll(/"clientId":"([A-Za-z0-9]{27})"/g)) if (!known.includes(id as string)) known.push(id as string)
  if (known.length > 50) known.splice(1, known.length - 50)
}

async function overHttp (url: string, count: number): Promise<void> {
  const { status, answer } = await within(post(url, chance(0.001) ? 'x'.repeat(300_000) : body(count)), 'an answer')
  if (!statuses.has(status) && !(status === 204)) throw new Error(`status ${status}: ${answer.slice(0, 300)}`)
  if (answer.includes('"error":"500:')) throw new Error(`internal error: ${answer.slice(0, 500)}`)
  remember(answer)
}

async function overSocket (wsUrl: string, frames: number, count: number): Promise<void> {
  const ws = new WebSocket(wsUrl)
  let internal = ''
  ws.on('message', data => {
    const answer = String(data)
    if (answer.includes('"error":"500:')) internal = answer
    remember(answer)
  })
  ws.on('error', () => {})
  await within(new Promise(resolve => ws.once('open', resolve)), 'open')
  for (let frame = 0; frame < frames && ws.readyState === ws.OPEN; frame++) {
    if (chance(0.01)) ws.ping(text().slice(0, 20))
    ws.send(chance(0.005) ? Buffer.from([1, 2, 3]) : chance(0.002) ? 'x'.repeat(300_000) : body(count))
  }
  // What was sent has been handled when a ping after it is answered, or the gateway has hung up.
  await within(new Promise<void>(resolve => {
    ws.once('pong', () => resolve())
    ws.once('close', () => resolve())
    if (ws.readyState === ws.OPEN) ws.ping('the last')
    else if (ws.readyState === ws.CLOSED) resolve()
  }), 'the frames are handled')
  if (chance(0.5)) ws.terminate()
  else ws.close()
  if (internal !== '') throw new Error(`internal error: ${internal.slice(0, 500)}`)
}

async function attack ({ url, wsUrl }: MeasuredGateway, messages: number): Promise<void> {
  for (let sent = 0; sent < messages;) {
    const count = chance(0.5) ? 1 : below(40)
    if (chance(0.7)) {
      await Promise.all([overHttp(url, count), overHttp(url, count), overHttp(url, count)])
      sent += 3 * count + 1
    } else {
      await overSocket(wsUrl, 10, count)
      sent += 10 * count + 1
    }
  }
}

t.test(`${MESSAGES} hostile messages, seed ${SEED}: no crash, no 5xx, no hang, no growth, no held loop`, async t => {
  const gateway = await startMeasuredGateway(t, { timeout: 100, maxInterval: 200, limits: { handshakeWithoutConnect: 200 } })
  await attack(gateway, MESSAGES / 5)
  await until(async () => (await gateway.measure()).metrics.sessions === 0)
  const before = await gateway.measure()
  await attack(gateway, MESSAGES)
  const during = await gateway.measure()
  t.ok(during.longest < 1000, `the event loop was held for ${Math.round(during.longest)} ms at most`)
  await until(async () => (await gateway.measure()).metrics.sessions === 0, 'all sessions end')
  const after = await gateway.measure()
  t.ok(after.heap - before.heap < 20 * MB, `memory grew by ${((after.heap - before.heap) / MB).toFixed(1)} MB`)
  t.ok(after.metrics.messagesIn > MESSAGES / 2, `${after.metrics.messagesIn} messages came in`)
  t.equal(after.metrics.refused[500] ?? 0, 0)
  t.strictSame([after.metrics.subscriptions, after.metrics.links, after.metrics.heldConnects], [0, 0, 0])
  t.match(await new PollClient(gateway.url).handshake(), { successful: true }, 'and it still serves')
  agent.destroy()
})
