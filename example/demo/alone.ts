/** The demo in one process. */
import type { AddressInfo } from 'node:net'
import { endOnSignal } from '../../lib/cli/signals.js'
import type { Place } from './arguments.js'
import { readConfiguration, startServices } from './configuration.js'
import { count } from './counter.js'
import { addGateway, createServer } from './gateway.js'
import { listenOrMove } from './listen.js'
import { LogFeed } from './log-feed.js'
import { pageUrl } from './pages.js'
import { dmsg } from './services/dmsg.js'
import { random } from './services/random.js'

/** Starts everything. @returns the URL of the page */
export async function startAlone ({ host, port }: Place): Promise<string> {
  const feed = new LogFeed(process.stdout)
  const app = createServer(feed)
  const warn = (text: string) => app.log.warn(text)
  const services = { random: random(app.log), dmsg: dmsg(feed) }
  endOnSignal(async () => {
    await app.close()
    await Promise.all(Object.values(services).map(service => service.close()))
  }, warn)

  const configuration = await readConfiguration()
  await startServices(configuration, services, warn)
  await addGateway(app, configuration)
  count(app)
  const actual = await listenOrMove(port, async port => {
    await app.listen({ host, port })
    return (app.server.address() as AddressInfo).port
  }, actual => warn(`port ${port} is taken: the page is on ${actual} instead`))
  return pageUrl(host, actual)
}
