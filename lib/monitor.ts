/** Puts the monitor page together: the service that feeds it, and its files. */
import type { FastifyBaseLogger, FastifyInstance, RouteShorthandOptions } from 'fastify'
import type { Broker } from './broker/broker.js'
import { internal } from './connectors/internal.js'
import { figuresEvery } from './connectors/monitoring.js'
import { monitorHandler } from './monitor/service.js'
import { CommandSchema } from './monitor/view.js'
import type { MonitorOptions } from './options/index.js'
import type { ServiceDirectory } from './services/services.js'
import { monitorPage } from './transports/monitor-page.js'

interface MonitorParts {
  readonly broker: Broker
  readonly services: ServiceDirectory
  readonly path: string
  readonly route: RouteShorthandOptions
  readonly log: FastifyBaseLogger
}

export function addMonitor (app: FastifyInstance, { authorize, interval }: MonitorOptions, { broker, services, path, route, log }: MonitorParts): void {
  const { realtime } = app
  const handler = monitorHandler({ realtime, interests: broker.subscriptions, log }, signal => figuresEvery(interval, realtime, signal))
  services.setHidden('monitor', { type: 'internal', framing: 'raw', encoding: 'none', shared: false, handler, authorize, schema: { publish: CommandSchema } }, internal)
  app.register(monitorPage(path, route))
}
