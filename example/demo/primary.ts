/**
 * The demo in several processes: this one has what has to be there once, the workers have a gateway each, and all of them
 * meet at a nats-server. It is a node of theirs too, one that no client reaches: it counts, and every worker tells.
 */
import realtime from 'fastify-bayeux'
import { endOnSignal } from '../../lib/cli/signals.js'
import type { Place } from './arguments.js'
import { joinBus } from './bus.js'
import { readConfiguration, startServices } from './configuration.js'
import { count, COUNTER } from './counter.js'
import { createServer } from './gateway.js'
import { freePort, listenOrMove } from './listen.js'
import { LogFeed } from './log-feed.js'
import { NatsServer } from './nats-server.js'
import { pageUrl } from './pages.js'
import { dmsg } from './services/dmsg.js'
import { random } from './services/random.js'
import { Workers } from './workers.js'

/** Numbers that are kept for pages whose worker dies: those of a minute and more. */
const KEPT = 500

/**
 * Starts everything.
 * @param size how many workers
 * @param nats the URL of a nats-server; without it, one is started
 * @returns the URL of the page
 */
export async function startWorkers ({ host, port }: Place, size: number, nats?: string): Promise<string> {
  const feed = new LogFeed(process.stdout)
  const app = createServer(feed)
  const warn = (text: string) => app.log.warn(text)
  const services = { random: random(app.log), dmsg: dmsg(feed) }
  const workers = new Workers(app.log, feed)
  const server = new NatsServer()
  endOnSignal(async () => {
    await workers.end()
    await app.close()
    await Promise.all(Object.values(services).map(service => service.close()))
    await server.end()
  }, warn)

  const bus = nats ?? await server.start()
  const configuration = await readConfiguration()
  configuration.channels = { ...configuration.channels, [COUNTER]: { history: { size: KEPT } } }
  await startServices(configuration, services, warn)
  await app.register(realtime, { channels: configuration.channels, ...await joinBus(app, bus) })
  count(app)
  await app.ready()
  const free = await listenOrMove(port, port => freePort(host, port), actual => warn(`port ${port} is taken: the page is on ${actual} instead`))
  await workers.start(size, { place: { host, port: free }, bus, configuration })
  return pageUrl(host, free)
}
