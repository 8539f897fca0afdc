/**
 * The demo: a Fastify server with the realtime gateway, two TCP services and the gateway's own figures behind
 * it, a counter, a chat, a page that brings them to the browser, and the monitor page. `--help` says the rest.
 */
import type { AddressInfo } from 'node:net'
import Fastify, { LogController, type FastifyInstance } from 'fastify'
import realtime from 'fastify-bayeux'
import { endOnSignal } from '../../lib/cli/signals.js'
import { readArguments, type Settings } from './arguments.js'
import { CHAT, chat, infoOf } from './chat.js'
import { readConfiguration, startServices } from './configuration.js'
import { count } from './counter.js'
import { endLeft, loadedAgain } from './leaving.js'
import { listenOrMove } from './listen.js'
import { LogFeed } from './log-feed.js'
import { PAGE, pages } from './pages.js'
import { mayMonitor, policy } from './policy.js'
import { dmsg } from './services/dmsg.js'
import { random } from './services/random.js'
import { tellStory } from './story.js'

async function run (settings: Settings): Promise<void> {
  const feed = new LogFeed(process.stdout)
  const app = Fastify({ logger: { level: 'info', stream: feed }, logController: new LogController({ disableRequestLogging: true }) })
  const warn = (text: string) => app.log.warn(text)
  const services = { random: random(app.log), dmsg: dmsg(feed) }
  endOnSignal(async () => {
    await app.close()
    await Promise.all(Object.values(services).map(service => service.close()))
  }, warn)

  const configuration = await readConfiguration()
  await startServices(configuration, services, warn)
  // What a file cannot say: who is in the chat, by name.
  const channels = { ...configuration.channels, [CHAT]: { ...configuration.channels?.[CHAT], presence: infoOf } }
  await app.register(realtime, { ...configuration, channels, policy, extensions: [chat, loadedAgain], monitor: { authorize: mayMonitor } })
  tellStory(app)
  count(app)
  endLeft(app)
  await app.register(pages)
  const port = await listen(app, settings, warn)
  process.stdout.write(`\nOpen ${pageUrl(settings.host, port)}\n\n`)
}

function listen (app: FastifyInstance, { host, port }: Settings, warn: (text: string) => void): Promise<number> {
  return listenOrMove(port, async port => {
    await app.listen({ host, port })
    return (app.server.address() as AddressInfo).port
  }, actual => warn(`port ${port} is taken: the page is on ${actual} instead`))
}

// An address that means "all of them" is none that a browser can open.
function pageUrl (host: string, port: number): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}${PAGE}`
}

const asked = readArguments(process.argv.slice(2), process.env)
if ('exitCode' in asked) {
  process[asked.exitCode === 0 ? 'stdout' : 'stderr'].write(`${asked.text}\n`)
  process.exitCode = asked.exitCode
} else {
  run(asked).catch((error: Error) => {
    process.stderr.write(`The demo cannot start: ${error.message}\n`)
    process.exit(1)
  })
}
