/** The example of Nodefony's readme in chromium, as it stands there, with its script tags replaced by one. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { inChromium, openPage } from '../harness/chromium.js'
import { startGateway } from '../harness/gateway.js'
import { startTcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

t.setTimeout(120_000)

const PAGE = readFileSync(new URL('../harness/pages/nodefony-readme.html', import.meta.url), 'utf8')

inChromium(t, "Nodefony's readme", async (t, browser) => {
  const random = await startTcpService(t, socket => {
    socket.write('READY\n')
    socket.on('data', data => {
      if (String(data).includes('"start"')) socket.write('{"jsonrpc":"2.0","result":68,"error":null,"id":null}\n')
    })
  })
  const { origin } = await startGateway(t, { services: { random: { port: random.port, domain: 'localhost', framing: 'lines' } }, directory: 'full' }, {
    before: app => app.get('/', (_request, reply) => reply.type('text/html').send(PAGE))
  })
  const page = await openPage(t, browser, origin)
  const logged = () => page.evaluate<[string, string][]>('logged')
  const logs = async (line: string, count: number = 1) => await until(async () => (await logged()).filter(([, each]) => each === line).length >= count, `${line}; logged ${JSON.stringify(await logged())}`)
  await logs('{"jsonrpc":"2.0","result":68,"error":null,"id":null}')
  t.equal(random.received[0], '{"method":"start","params":[5000]}\n')
  t.same((await logged()).map(([severity, message]) => `${severity} ${message}`).sort(), [
    'INFO SUBSCRIBE service : random',
    'SUCCESS CONNECT server  OK',
    'SUCCESS HANSHAKE OK',
    'SUCCESS READY',
    'SUCCESS {"jsonrpc":"2.0","result":68,"error":null,"id":null}'
  ])
  await page.evaluate("realtime.unSubscribe('random')")
  await logs('UNSUBSCRIBE service : random')
  await page.evaluate('realtime.stop()')
  await logs('onDisconnect')
})
