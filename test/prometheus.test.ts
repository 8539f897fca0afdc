/** The figures as metrics of Prometheus: the real prom-client says them, and another package reads them. */
import { readFileSync } from 'node:fs'
import parse, { type Family } from 'parse-prometheus-text-format'
import client from 'prom-client'
import t from 'tap'
import type { Metrics } from '../lib/index.js'
import { prometheus } from '../lib/prometheus.js'
import { freePort } from './harness/free-port.js'
import { startGateway, type Gateway } from './harness/gateway.js'
import { PollClient } from './harness/poll-client.js'
import { SocketClient } from './harness/socket-client.js'
import { startTcpService } from './harness/tcp-service.js'
import { until } from './harness/until.js'

/** Scrapes the metrics of a gateway as Prometheus does. */
async function scraped ({ origin }: Gateway): Promise<{ text: string, families: Family[], value: (name: string, labels?: Record<string, string>) => number | undefined }> {
  const response = await fetch(`${origin}/metrics`)
  if (response.status !== 200) throw new Error(String(response.status))
  const text = await response.text()
  const families = parse(text)
  const value = (name: string, labels: Record<string, string> = {}) => {
    const found = families.find(family => family.name === name)?.metrics.find(metric => JSON.stringify(metric.labels ?? {}) === JSON.stringify(labels))
    return found === undefined ? undefined : Number(found.value)
  }
  return { text, families, value }
}

t.test('every figure, as a counter or a gauge with labels, in the format of Prometheus', async t => {
  const service = await startTcpService(t, socket => socket.on('data', data => socket.write(data)))
  const register = new client.Registry()
  const gateway = await startGateway(t, {
    services: { echo: { port: service.port, domain: '127.0.0.1', framing: 'lines' }, away: { port: await freePort(), domain: '127.0.0.1' } }
  }, {
    before: app => {
      app.get('/metrics', async (_request, reply) => reply.type(register.contentType).send(await register.metrics()))
    }
  })
  const { realtime } = gateway.app
  t.equal(prometheus(realtime, client, { register }), register)
  const first = await scraped(gateway)
  t.equal(first.value('bayeux_handshakes_total'), 0)
  t.equal(first.value('bayeux_service_state', { service: 'echo', state: 'unknown' }), 1)

  const socket = await SocketClient.connect(t, gateway.wsUrl)
  const ask = (message: Record<string, unknown>) => socket.ask({ clientId: socket.clientId, ...message })
  for (const subscription of ['/a', '/a', '/service/echo', '/service/away', '/meta/x']) await ask({ channel: '/meta/subscribe', subscription })
  await ask({ channel: '/a', data: 1 })
  await ask({ channel: '/service/echo', data: 'five5' })
  await socket.next('/service/echo')
  await new PollClient(gateway.url).post('no JSON')
  const { families, value, text } = await scraped(gateway)

  t.match({ sessions: value('bayeux_sessions'), handshakes: value('bayeux_handshakes_total'), subscriptions: value('bayeux_subscriptions'), links: value('bayeux_links') },
    { sessions: 1, handshakes: 1, subscriptions: 1, links: 1 })
  t.match([value('bayeux_published_total'), value('bayeux_delivered_total')], [1, 1])
  t.equal(value('bayeux_refused_total', { code: '403' }), 2)
  t.equal(value('bayeux_http_refused_total', { status: '400' }), 1)
  t.equal(value('bayeux_service_messages_total', { service: 'echo', direction: 'in' }), 1)
  t.equal(value('bayeux_service_bytes_total', { service: 'echo', direction: 'out' }), 6)
  t.equal(value('bayeux_service_connections', { service: 'echo' }), 1)
  t.equal(value('bayeux_service_errors_total', { service: 'away' }), 1)
  t.equal(value('bayeux_service_state', { service: 'away', state: 'down' }), 1)
  t.equal(value('bayeux_service_state', { service: 'away', state: 'unknown' }), 0)
  const metrics = realtime.metrics()
  t.equal(value('bayeux_messages_total', { direction: 'in' }), metrics.messagesIn)
  t.equal(value('bayeux_messages_total', { direction: 'out' }), metrics.messagesOut)

  // What promtool would say of it.
  t.ok(families.length > 20)
  const documented = readFileSync(new URL('../docs/watching.md', import.meta.url), 'utf8')
  for (const { name, help, type, metrics } of families) {
    t.match(name, /^bayeux_[a-z]+(_[a-z]+)*$/)
    t.match(documented, `\`${name}\``)
    t.equal(name.endsWith('_total'), type === 'COUNTER', `${name} is a ${type}`)
    t.match(type, /^(COUNTER|GAUGE)$/)
    t.match(help, /^[A-Z].{8,}[^.]$/, name)
    t.notMatch(name, /(_ms|milli|_count|_sum|_bucket|_info|_gauge|_counter)(_|$)/, 'base units, and no ending that means something else')
    for (const { value, labels = {} } of metrics) {
      t.ok(Number.isFinite(Number(value)), name)
      t.notOk('le' in labels || 'quantile' in labels)
    }
  }
  t.equal(new Set(text.split('\n').filter(line => line.startsWith('# TYPE'))).size, families.length, 'each once')

  realtime.services.delete('away')
  await ask({ channel: '/meta/unsubscribe', subscription: '/service/echo' })
  await until(() => realtime.metrics().serviceConnections === 0)
  const last = await scraped(gateway)
  t.equal(last.value('bayeux_service_connections', { service: 'away' }), undefined, 'a service that is no more is shown no more')
  t.equal(last.value('bayeux_service_connections', { service: 'echo' }), 0)
  for (const { name, type, metrics } of families.filter(({ type }) => type === 'COUNTER')) {
    for (const { value, labels = {} } of metrics) {
      const now = last.value(name, labels)
      t.ok(labels.service === 'away' || Number(now) >= Number(value), `a ${type} never falls: ${name} ${value} ${now}`)
    }
  }
})

/** An object that notes which of its fields are read. */
function noting<Value extends object> (value: Value, note: (field: string) => void): Value {
  return new Proxy(value, {
    get: (_value, field) => {
      note(String(field))
      return Reflect.get(value, field)
    }
  })
}

t.test('every figure of metrics() is there', async t => {
  const { app } = await startGateway(t, { services: { it: { port: 1 } } })
  const metrics = app.realtime.metrics()
  const figures = metrics.services.it as Metrics['services'][string]
  const read = new Set<string>()
  const noted = noting({ ...metrics, services: { it: noting(figures, field => read.add(`it.${field}`)) } }, field => read.add(field))
  await prometheus({ metrics: () => noted, health: app.realtime.health }, client, { register: new client.Registry() }).metrics()
  // The sums over services are what Prometheus itself makes of them.
  const expected = [...Object.keys(metrics).filter(name => !/^service[A-Z]/.test(name)), ...Object.keys(figures).map(name => `it.${name}`)]
  t.strictSame([...read].sort(), expected.sort())
})

t.test('one scrape is of one moment, and reads once', async t => {
  const { app } = await startGateway(t)
  let reads = 0
  const metrics = () => ({ ...app.realtime.metrics(), published: ++reads, delivered: reads })
  const register = prometheus({ metrics, health: app.realtime.health }, client, { register: new client.Registry() })
  for (const reading of [1, 2]) {
    const text = await register.metrics()
    t.equal(reads, reading)
    t.match(text, `bayeux_published_total ${reading}\n`)
    t.match(text, `bayeux_delivered_total ${reading}\n`)
  }
})

t.test('two gateways in one registry need two prefixes', async t => {
  const [one, other] = [await startGateway(t), await startGateway(t)]
  t.after(() => client.register.clear())
  prometheus(one.app.realtime, client)
  t.throws(() => prometheus(other.app.realtime, client), /already been registered/)
  const register = prometheus(other.app.realtime, client, { prefix: 'other_' })
  t.equal(register, client.register)
  await SocketClient.connect(t, other.wsUrl)
  t.match(await register.metrics(), /^bayeux_sessions 0$[^]*^other_sessions 1$/m)
})

t.test('OpenMetrics', async t => {
  const { app } = await startGateway(t)
  const openMetrics = new client.Registry<client.OpenMetricsContentType>()
  openMetrics.setContentType(client.openMetricsContentType)
  const text = await prometheus(app.realtime, client, { register: openMetrics }).metrics()
  t.match(text, /^# TYPE bayeux_handshakes counter\nbayeux_handshakes_total 0$/m)
  t.match(text, /# EOF\n$/)
})
