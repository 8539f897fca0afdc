/** Puts the parts together: options, services, broker, routes, `app.realtime`, and the end of it all. */
import { EventEmitter } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import websocket from '@fastify/websocket'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Caller, ConnectRequest, Realtime, RealtimeEvents, Session } from '../types/index.js'
import { asyncapiRoute } from './asyncapi.js'
import { Broker } from './broker/broker.js'
import { Channels } from './broker/channels.js'
import { MemoryHistory } from './broker/history.js'
import { compilePolicy, type Authorize } from './broker/policy.js'
import { Presence } from './broker/presence.js'
import { Calls } from './calls/calls.js'
import { connectorsOf } from './connectors/index.js'
import { tell, watchersOf } from './diagnostics.js'
import { addMonitor } from './monitor.js'
import { askHosts, readOptions, readService, type Options, type RealtimeOptions } from './options/index.js'
import { Nodes } from './nodes/nodes.js'
import { adviseNone } from './protocol/advice.js'
import { realtimeOf, runtimeOf } from './realtime.js'
import { ServiceDirectory } from './services/services.js'
import { clientFiles } from './transports/client-files.js'
import type { UpgradeCookies } from './transports/cookie.js'
import { OpenRequests } from './transports/open-requests.js'
import { publishEndpoint } from './transports/publish-endpoint.js'
import { withoutQueries } from './transports/request-log.js'
import { routes } from './transports/routes.js'
import { UnusedConnections } from './transports/unused-connections.js'
import { WebSockets } from './transports/websockets.js'

async function plugin (app: FastifyInstance, raw: RealtimeOptions): Promise<void> {
  const options = readOptions(raw)
  const { limits } = options
  const log = app.log.child({ plugin: 'fastify-bayeux' }, options.logLevel === undefined ? {} : { level: options.logLevel })
  const emitter = new EventEmitter({ captureRejections: true })
  emitter.on('error', error => log.error({ err: error }, 'a listener failed'))
  // It is there when all of this is put together.
  const gateway = () => app.realtime
  const connectors = { ...connectorsOf(gateway), ...options.connectors }
  const read = (name: string, definition: unknown) => readService(name, definition, options)
  const watchers = watchersOf(gateway)
  const services = new ServiceDirectory({ connectors, directory: options.directory, limits, complete: read, watcher: watchers.service, log })
  for (const [name, definition] of Object.entries(options.services)) services.set(name, definition)
  const channels = Object.keys(options.channels).length === 0 ? null : new Channels(options.channels, limits)
  const history = channels?.some(({ history }) => history !== undefined) === true ? options.history ?? new MemoryHistory(limits) : null
  const calls = new Calls(limits, error => broker.counters.refuse(error), watchers.refuse)
  for (const [name, definition] of Object.entries(options.calls)) calls.set(name, definition)
  const policy = compilePolicy(options.policy ?? {}, name => services.definition(name)?.authorize as Authorize | undefined, channels)
  const emit = <Name extends keyof RealtimeEvents>(name: Name, ...args: RealtimeEvents[Name]) => {
    tell(gateway, name, args)
    try {
      emitter.emit(name, ...args)
    } catch (error) {
      log.error({ err: error, event: name }, 'a listener failed')
    }
  }
  const presence = channels?.some(({ presence }) => presence !== undefined) === true ? new Presence({ channels, policy, limits, emit }) : null
  const nodes = options.backplane === undefined ? null : new Nodes({ backplane: options.backplane, limits, log })
  follow(emitter, calls, presence, nodes)
  // The broker knows callers, not requests; who wants to see the request of a handshake finds it here.
  const behind = new WeakMap<Caller, FastifyRequest>()
  const broker: Broker = new Broker({
    config: configOf(options),
    limits,
    services,
    own: { rpc: calls, presence },
    channels,
    history,
    nodes,
    policy,
    extensions: options.extensions,
    authenticate: (caller, handshake) => {
      const request = behind.get(caller)
      return request === undefined || options.authenticate === undefined ? null : options.authenticate(request, handshake)
    },
    ...(options.renew !== undefined && {
      renew: (caller: Caller, connect: ConnectRequest, session: Session | null) => {
        const request = behind.get(caller)
        return request === undefined ? undefined : options.renew?.(request, connect, session)
      }
    }),
    sameIdentity: options.sameIdentity ?? isDeepStrictEqual,
    ...(options.identityExpires !== undefined && { identityExpires: options.identityExpires }),
    emit,
    watchers,
    log
  })
  const sockets = new WebSockets(broker)
  const requests = new OpenRequests(limits.bodyTimeout)
  const unused = new UnusedConnections(app.server)
  const upgradeCookies: UpgradeCookies = new WeakMap()

  if (options.transports.includes('websocket')) await openWebSockets(app, options, upgradeCookies)
  app.decorate('realtime', realtimeOf({ broker, runtime: runtimeOf(services, read), services, calls, presence, nodes, emitter, path: app.prefix + options.path }) satisfies Realtime)
  app.register(routes({
    broker,
    sockets,
    requests,
    path: options.path,
    transports: options.transports,
    origins: options.origins,
    upgradeCookies,
    route: routeOf(options),
    introduce: (caller, request) => {
      if (options.authenticate !== undefined || options.renew !== undefined) behind.set(caller, request)
    }
  }), { logSerializers: withoutQueries(app.log) })
  if (options.client) app.register(clientFiles(options.path, routeOf(options)))
  if (options.asyncapi !== undefined) {
    const told = { transports: options.transports, channels: Object.entries(options.channels), services: () => services.definitions(), calls: () => calls.described() }
    app.register(asyncapiRoute(options.path, routeOf(options), options.asyncapi, told))
  }
  if (options.publish !== undefined) {
    app.register(publishEndpoint({ broker, requests, path: options.path, origins: options.origins, route: routeOf(options), ...options.publish }), { logSerializers: withoutQueries(app.log) })
  }
  if (options.monitor !== undefined) addMonitor(app, options.monitor, { broker, services, path: options.path, route: routeOf(options), log })

  await nodes?.open(broker, presence)
  app.addHook('onReady', async () => unused.watchUpgrades())
  app.addHook('preClose', async () => {
    unused.ignoreUpgrades()
    const farewell = broker.close(askHosts(options.hosts, log))
    nodes?.shut(farewell)
    await Promise.all([sockets.close(options.drain), requests.close(options.drain)])
    services.close()
    await Promise.all([close(history, 'the history', log), close(nodes, 'the backplane', log)])
    unused.close()
  })
}

async function close (part: { close (): unknown } | null, name: string, log: FastifyBaseLogger): Promise<void> {
  try {
    await part?.close()
  } catch (error) {
    log.error({ err: error }, `${name} could not be closed`)
  }
}

// What the gateway itself answers follows what becomes of sessions; before any listener of the application, which may throw.
function follow (emitter: EventEmitter, calls: Calls, presence: Presence | null, nodes: Nodes | null): void {
  emitter.on('disconnect', session => {
    calls.ended(session)
    presence?.ended(session)
    nodes?.ended(session)
  })
  if (presence === null) return
  emitter.on('subscribe', (session, channel) => presence.subscribed(session, channel))
  emitter.on('unsubscribe', (session, channel) => presence.unsubscribed(session, channel))
}

// One WebSocket server an application: the host's where it has one, else ours, with our bound.
async function openWebSockets (app: FastifyInstance, options: Options, cookies: UpgradeCookies): Promise<void> {
  if (!app.hasDecorator('websocketServer')) {
    await app.register(websocket, {
      options: { maxPayload: options.limits.websocketMessage, perMessageDeflate: false },
      errorHandler: error => app.log.debug({ err: error }, 'a WebSocket failed'),
      // Ours are closed with a frame and a reason, and in time, by the hook above.
      preClose: (done: () => void) => {
        app.websocketServer.close()
        done()
      }
    })
  }
  app.websocketServer.on('headers', (headers, request) => {
    const line = cookies.get(request)
    if (line !== undefined) headers.push(`Set-Cookie: ${line}`)
  })
}

function configOf (options: Options) {
  const { transports, timeout, interval, maxInterval, metaConnectDeliverOnly, maxSessionsPerBrowser, multiSessionInterval, system: { reconnect } } = options
  return {
    // What Faye calls long-polling from a page of another origin.
    transports: options.origins.length > 0 && transports.includes('long-polling') ? [...transports, 'cross-origin-long-polling'] : transports,
    timeout,
    interval,
    maxInterval,
    metaConnectDeliverOnly,
    maxSessionsPerBrowser,
    multiSessionInterval,
    handshakeAdvice: reconnect.handshake ? { reconnect: 'retry' as const } : adviseNone(),
    connectAdvice: reconnect.connect ? { reconnect: 'retry' as const, interval, timeout } : adviseNone()
  }
}

function routeOf ({ onRequest, preValidation, preHandler, config, constraints, logLevel }: Options) {
  const route = { onRequest, preValidation, preHandler, config, constraints, logLevel }
  return Object.fromEntries(Object.entries(route).filter(([, value]) => value !== undefined))
}

/** The plugin: `app.register(realtime, options)`, once an application. */
export const realtime = fp(plugin, { name: 'fastify-bayeux', fastify: '5.x' })
