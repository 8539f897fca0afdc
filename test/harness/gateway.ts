/** A real gateway on a free port, for one test. */
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import realtime, { type RealtimeOptions } from '../../lib/index.js'

export interface Gateway {
  readonly app: FastifyInstance
  /** `http://127.0.0.1:port` */
  readonly origin: string
  /** `http://127.0.0.1:port/realtime` */
  readonly url: string
  /** `ws://127.0.0.1:port/realtime` */
  readonly wsUrl: string
}

export interface GatewaySettings {
  fastify?: FastifyServerOptions
  port?: number
  /** Called before the plugin is registered. */
  before?: (app: FastifyInstance) => unknown
}

type Test = { after: (fn: () => unknown) => unknown }

/** Starts a gateway that closes at the end of the test. */
export async function startGateway (t: Test, options: RealtimeOptions = {}, settings: GatewaySettings = {}): Promise<Gateway> {
  const app = Fastify({ logger: false, ...settings.fastify })
  await settings.before?.(app)
  await app.register(realtime, { drain: 500, ...options })
  t.after(() => app.close())
  const origin = await app.listen({ port: settings.port ?? 0, host: '127.0.0.1' })
  const path = options.path ?? '/realtime'
  return { app, origin, url: origin + path, wsUrl: origin.replace('http', 'ws') + path }
}
