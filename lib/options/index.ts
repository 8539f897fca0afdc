/**
 * The options of the plugin as ONE schema: types, defaults and refusals come from it, and the
 * same schema reads a configuration file of Nodefony's shape (`services`, `system.reconnect`).
 */
import { Type, type Static } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Backplane, Call, ConnectRequest, Connector, Extension, HandshakeRequest, History, Policy, Session } from '../../types/index.js'
import { OptionsError } from '../errors.js'
import { LimitsSchema } from '../limits.js'
import { readCall, type CallOptions } from './call.js'
import { readChannels, type ChannelInput, type ChannelOptions } from './channel.js'
import { HostsSchema, type Hosts } from './hosts.js'
import { copyPlain, either, func, isFunction, refuse } from './schema-pieces.js'
import { PublishSchema, type PublishOptions } from './publish.js'
import { readService, type ServiceOptions } from './service.js'
import type { ServiceInput } from './service-input.js'
import { AsyncapiSchema, MonitorSchema, unfold, type AsyncapiInput, type MonitorOptions } from './watching.js'

export { readCall, type CallOptions } from './call.js'
export type { ChannelInput, ChannelOptions } from './channel.js'
export { askHosts, type Hosts } from './hosts.js'
export type { PublishOptions } from './publish.js'
export { readService, type ServiceOptions } from './service.js'
export type { ServiceInput } from './service-input.js'
export type { AsyncapiInput, AsyncapiOptions, MonitorOptions } from './watching.js'

const Hook = either<unknown>('a function or an array of functions', value => [value].flat().every(isFunction))
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const transportNames = ['websocket', 'long-polling', 'callback-polling'] as const

const has = (...methods: string[]) => (value: unknown) => typeof value === 'object' && value !== null && methods.every(method => isFunction((value as Record<string, unknown>)[method]))

/** The options of the plugin. */
export const OptionsSchema = Type.Object({
  path: Type.String({ default: '/realtime', pattern: '^(/[^/?#:*]+)+$', description: 'the one URL' }),
  system: Type.Object({
    reconnect: Type.Object({
      handshake: Type.Boolean({ default: true, description: 'advice after a handshake: retry, or none' }),
      connect: Type.Boolean({ default: true, description: 'advice after a connect: retry, or none' })
    }, { default: {}, additionalProperties: false })
  }, { default: {}, additionalProperties: false }),
  services: Type.Record(Type.String(), Type.Unsafe<ServiceOptions>(Type.Object({}, { additionalProperties: true })), { default: {}, description: 'by name: what is behind /service/NAME' }),
  channels: Type.Record(Type.String(), Type.Unsafe<ChannelOptions>(Type.Any()), { default: {}, description: 'by channel or pattern: what is true of them; the most specific wins' }),
  calls: Type.Record(Type.String(), Type.Unsafe<CallOptions>(Type.Any()), { default: {}, description: 'by name: what answers at /service/rpc/NAME' }),
  history: Type.Optional(either<History>('a History: { append, since, channels, close }', has('append', 'since', 'channels', 'close'))),
  backplane: Type.Optional(either<Backplane>('a Backplane: nats({ connection }), redis({ client }), or localBus().node()', has('open', 'publish', 'interest', 'send', 'shout', 'flush', 'close'))),
  directory: either<'names' | 'full' | ((session: Session) => Record<string, unknown>)>(
    '"names" or "full" or a function', value => value === 'names' || value === 'full' || isFunction(value),
  { default: 'names', description: 'what a client learns of the services: names and types, hosts and ports too, or what a function says' }),
  transports: Type.Array(Type.Union(transportNames.map(name => Type.Literal(name))), { default: ['websocket', 'long-polling'], minItems: 1, uniqueItems: true }),
  timeout: Type.Integer({ default: 30_000, minimum: 0, maximum: 2 ** 31 - 1, description: 'ms that a connect is held' }),
  interval: Type.Integer({ default: 0, minimum: 0, maximum: 2 ** 31 - 1, description: 'ms that a client waits between two connects' }),
  maxInterval: Type.Integer({ default: 10_000, minimum: 0, maximum: 2 ** 31 - 1, description: 'ms that a session lives without a connection' }),
  maxSessionsPerBrowser: Type.Integer({ default: 1, minimum: -1, description: 'polls that one browser may hold over HTTP/1.1, where it has few connections; further ones come back at an interval. -1: no bound' }),
  multiSessionInterval: Type.Integer({ default: 2000, minimum: 0, maximum: 2 ** 31 - 1, description: 'ms between the polls of those further ones' }),
  drain: Type.Integer({ default: 5000, minimum: 0, maximum: 2 ** 31 - 1, description: 'ms that closing may take' }),
  hosts: Type.Optional(HostsSchema),
  metaConnectDeliverOnly: Type.Boolean({ default: true, description: 'over HTTP, events travel with connect replies only, and so in order' }),
  client: Type.Boolean({ default: true, description: 'serve the client for browsers at {path}/client.js' }),
  monitor: Type.Optional(MonitorSchema),
  asyncapi: Type.Optional(AsyncapiSchema),
  publish: Type.Optional(PublishSchema),
  origins: Type.Array(Type.String(), { default: [], description: 'foreign origins that may speak: https://app.example, or *' }),
  authenticate: Type.Optional(func<(request: FastifyRequest, handshake: HandshakeRequest) => unknown>('identity of a session, or throw')),
  renew: Type.Optional(func<(request: FastifyRequest, connect: ConnectRequest, session: Session | null) => unknown>('asked at every connect: the identity that it brings now, or undefined; throws where it may not go on')),
  sameIdentity: Type.Optional(func<(one: unknown, other: unknown) => boolean>('whether two identities are the same person; deep equality where it is left out')),
  identityExpires: Type.Optional(func<(identity: unknown) => number | null | undefined>('when an identity ends, in ms since 1970; null: never')),
  policy: Type.Optional(Type.Unsafe<Policy>(Type.Object({}, { additionalProperties: true }))),
  extensions: Type.Array(Type.Unsafe<Extension>(Type.Object({ name: Type.String() }, { additionalProperties: true })), { default: [] }),
  connectors: Type.Record(Type.String(), func<Connector>('any function that gives a Duplex'), { default: {} }),
  limits: Type.Unsafe<Static<typeof LimitsSchema>>({ ...LimitsSchema, default: {} }),
  onRequest: Type.Optional(Hook),
  preValidation: Type.Optional(Hook),
  preHandler: Type.Optional(Hook),
  config: Type.Optional(Type.Unsafe<unknown>(Type.Object({}, { additionalProperties: true }))),
  constraints: Type.Optional(Type.Unsafe<unknown>(Type.Object({}, { additionalProperties: true }))),
  logLevel: Type.Optional(Type.Union(logLevels.map(level => Type.Literal(level)), { description: 'of the gateway and its routes' }))
}, { additionalProperties: false })

type RouteHooks = Pick<RouteShorthandOptions, 'onRequest' | 'preValidation' | 'preHandler' | 'config' | 'constraints'>

/** All options, with their defaults filled in. */
export type Options = Omit<Static<typeof OptionsSchema>, keyof RouteHooks> & RouteHooks

/** Everything optional, at every level. */
type Loose<T> = T extends (...args: never[]) => unknown ? T : T extends readonly unknown[] ? T : T extends object ? { [Key in keyof T]?: Loose<T[Key]> } : T

/** What a user writes: every option may be left out. */
export type RealtimeOptions = Loose<Omit<Options, 'services' | 'channels' | 'calls' | 'history' | 'backplane' | 'policy' | 'extensions' | 'connectors' | 'monitor' | 'asyncapi' | 'publish' | 'hosts' | keyof RouteHooks>> & RouteHooks & {
  services?: Record<string, ServiceInput>
  channels?: Record<string, ChannelInput>
  calls?: Record<string, Call>
  history?: History
  backplane?: Backplane
  policy?: Policy
  extensions?: Extension[]
  connectors?: Record<string, Connector>
  monitor?: { authorize: MonitorOptions['authorize'], interval?: number }
  asyncapi?: boolean | AsyncapiInput
  publish?: PublishOptions
  hosts?: Hosts
}

/**
 * Checks the options and fills in the defaults. The caller's object is left as it was.
 * @throws OptionsError (FST_BAYEUX_OPTIONS) naming the path of the first thing wrong
 */
export function readOptions (raw: RealtimeOptions = {}): Options {
  refuseNames('services', raw.services)
  refuseNames('channels', raw.channels)
  refuseNames('calls', raw.calls)
  // These are objects of their own, no pieces of configuration.
  const { history, backplane, ...plain } = raw
  const options = Value.Default(OptionsSchema, unfold(fromNodefony(copyPlain(plain) as Record<string, unknown>))) as Options
  if (history !== undefined) options.history = history
  if (backplane !== undefined) options.backplane = backplane
  refuse('', OptionsSchema, options)
  for (const [name, definition] of Object.entries(options.services)) options.services[name] = readService(name, definition, options)
  options.channels = readChannels(options.channels, options.limits)
  refuseHistoriesApart(options)
  for (const [name, definition] of Object.entries(options.calls)) options.calls[name] = readCall(name, definition)
  if (options.limits.clientResumed > options.limits.clientWaiting) {
    throw new OptionsError('limits.clientResumed: Expected at most limits.clientWaiting')
  }
  return options
}

// Each node would remember only what it has heard, under ids of its own.
function refuseHistoriesApart ({ backplane, channels, history }: Options): void {
  const kept = Object.entries(channels).find(([, { history }]) => history !== undefined)
  if (backplane === undefined || kept === undefined || history?.shared === true) return
  throw new OptionsError(`history: Nodes keep the events of ${kept[0]} together: give natsHistory({ connection }), redisHistory({ client }), or another that is shared`)
}

// While defaults are filled in, a list becomes an object, and this name is lost.
function refuseNames (option: string, named: unknown): void {
  if (Array.isArray(named)) throw new OptionsError(`${option}: Expected object`)
  if (Object.hasOwn(named ?? {}, '__proto__')) throw new OptionsError(`${option}.__proto__: No name for a ${option.slice(0, -1)}`)
}

// A generated configuration of Nodefony leaves keys empty (`services: ~`), writes TCP in capitals, and has
// settings that mean nothing here.
function fromNodefony ({ locale, ...options }: Record<string, unknown>): Record<string, unknown> {
  const filled = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null))
  const { system, services } = filled as { system?: Record<string, unknown>, services?: Record<string, { type?: unknown }> }
  delete system?.bufferSize
  for (const service of Object.values(services ?? {})) if (service?.type === 'TCP') service.type = 'tcp'
  return filled
}
