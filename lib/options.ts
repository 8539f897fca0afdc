/**
 * The options of the plugin as ONE schema: types, defaults and refusals come from it, and the
 * same schema reads a configuration file of Nodefony's shape (`services`, `system.reconnect`).
 */
import { Kind, Type, TypeGuard, TypeRegistry, type Static, type TSchema } from '@sinclair/typebox'
import { Value, type ValueError } from '@sinclair/typebox/value'
import type { FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { ConnectRequest, Connector, Extension, HandshakeRequest, Policy, Session } from '../types/index.js'
import { OptionsError } from './errors.js'
import { LimitsSchema } from './limits.js'
import { framingOf, framings, type FramingOption } from './framing/index.js'
import { encodingNames } from './encoding/index.js'

const func = <F>(description: string) => Type.Unsafe<F>(Type.Function([], Type.Any(), { description }))
const oneOf = <Name extends string>(names: readonly Name[], fallback: Name, description: string) =>
  Type.Union(names.map(name => Type.Literal(name)), { default: fallback, description }) as unknown as ReturnType<typeof Type.Unsafe<Name>>

const isFunction = (value: unknown) => typeof value === 'function'

// TypeBox clones what it finds in a union while it fills in defaults, and functions cannot be cloned.
const EITHER = 'FastifyBayeux:Either'
TypeRegistry.Set<TSchema & { accepts: (value: unknown) => boolean }>(EITHER, (schema, value) => schema.accepts(value))
const either = <T>(expected: string, accepts: (value: unknown) => boolean, more: object = {}) =>
  Type.Unsafe<T>({ [Kind]: EITHER, expected, accepts, ...more })

const service = {
  framing: either<FramingOption>('the name of a framing, { type: name, … }, or a framing of your own', value => typeof value === 'string' || (typeof value === 'object' && value !== null),
    { default: 'raw', description: 'how the bytes are cut into messages' }),
  encoding: oneOf(encodingNames, 'utf8', 'how bytes become the data of messages'),
  connectTimeout: Type.Optional(Type.Integer({ minimum: 1, description: 'ms; limits.upstreamConnect where it is left out' })),
  idleTimeout: Type.Optional(Type.Integer({ minimum: 1, description: 'ms without a byte either way before the conversation ends; off where it is left out' })),
  authorize: Type.Optional(func<(session: Session) => boolean | string | Promise<boolean | string>>('may this session open the service?'))
}

const framing: Readonly<Record<string, TSchema>> = {
  ...Object.fromEntries(Object.keys(framings).map(name => [name, Type.Object({ type: Type.Literal(name) }, { additionalProperties: false })])),
  delimiter: Type.Object({
    type: Type.Literal('delimiter'),
    delimiter: Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), { minItems: 1 })])
  }, { additionalProperties: false }),
  'length-prefixed': Type.Object({
    type: Type.Literal('length-prefixed'),
    bytes: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(4)]),
    endian: Type.Optional(Type.Union([Type.Literal('big'), Type.Literal('little')])),
    inclusive: Type.Optional(Type.Boolean())
  }, { additionalProperties: false })
}

const OwnFraming = Type.Object({ whole: Type.Boolean(), encode: Type.Function([], Type.Any()), decoder: Type.Function([], Type.Any()) }, { additionalProperties: true })

/** A service reached by the built-in connector `tcp`. */
const TcpService = Type.Object({
  ...service,
  type: Type.Literal('tcp', { default: 'tcp' }),
  domain: Type.String({ default: 'localhost', minLength: 1, description: 'host name or address' }),
  port: Type.Integer({ minimum: 1, maximum: 65535 })
}, { additionalProperties: false })

const Pem = either<string | Buffer | (string | Buffer)[]>('PEM as a text or a buffer, or several', value =>
  [value].flat().every(each => typeof each === 'string' || Buffer.isBuffer(each)))

/** A service reached by the built-in connector `tls`. */
const TlsService = Type.Object({
  ...service,
  type: Type.Literal('tls'),
  domain: Type.String({ default: 'localhost', minLength: 1, description: 'host name or address' }),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
  ca: Type.Optional(Pem),
  cert: Type.Optional(Pem),
  key: Type.Optional(Pem),
  passphrase: Type.Optional(Type.String()),
  servername: Type.Optional(Type.String({ description: 'whom the certificate must be for; domain where it is left out' })),
  rejectUnauthorized: Type.Boolean({ default: true, description: 'false: any certificate will do' })
}, { additionalProperties: false })

/** A service reached by the built-in connector `unix`. */
const UnixService = Type.Object({
  ...service,
  type: Type.Literal('unix'),
  path: Type.String({ minLength: 1, description: 'of the socket; @name for an abstract one' })
}, { additionalProperties: false })

/** A service reached by a connector of the application: it may carry whatever that connector reads. */
const OwnService = Type.Object({ ...service, type: Type.String() }, { additionalProperties: true })

/** One entry of `services`. */
export type ServiceOptions = Static<typeof TcpService> | Static<typeof TlsService> | Static<typeof UnixService> | (Static<typeof OwnService> & Record<string, unknown>)

const builtIn: Readonly<Record<string, TSchema>> = { tcp: TcpService, tls: TlsService, unix: UnixService }

const Hook = either<unknown>('a function or an array of functions', value => [value].flat().every(isFunction))
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const transportNames = ['websocket', 'long-polling', 'callback-polling'] as const

/** The options of the plugin. */
export const OptionsSchema = Type.Object({
  path: Type.String({ default: '/realtime', pattern: '^(/[^/?#:*]+)+$', description: 'the one URL' }),
  system: Type.Object({
    reconnect: Type.Object({
      handshake: Type.Boolean({ default: true, description: 'advice after a handshake: retry, or none' }),
      connect: Type.Boolean({ default: true, description: 'advice after a connect: retry, or none' })
    }, { default: {}, additionalProperties: false })
  }, { default: {}, additionalProperties: false }),
  services: Type.Record(Type.String(), Type.Unsafe<ServiceOptions>(Type.Object({ type: Type.String({ default: 'tcp' }) }, { default: {} })), { default: {}, description: 'by name: what is behind /service/NAME' }),
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
  metaConnectDeliverOnly: Type.Boolean({ default: true, description: 'over HTTP, events travel with connect replies only, and so in order' }),
  origins: Type.Array(Type.String(), { default: [], description: 'foreign origins that may speak: https://app.example, or *' }),
  authenticate: Type.Optional(func<(request: FastifyRequest, handshake: HandshakeRequest) => unknown>('identity of a session, or throw')),
  renew: Type.Optional(func<(request: FastifyRequest, connect: ConnectRequest, session: Session) => unknown>('asked at every connect: the identity that it brings now, or undefined; throws where it may not go on')),
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
export type RealtimeOptions = Loose<Omit<Options, 'services' | 'policy' | 'extensions' | 'connectors' | keyof RouteHooks>> & RouteHooks & {
  services?: Record<string, ServiceInput>
  policy?: Policy
  extensions?: Extension[]
  connectors?: Record<string, Connector>
}

/** A service as a user writes it. */
export type ServiceInput = Loose<Static<typeof TcpService>> & { port: number } | Loose<Static<typeof TlsService>> & { type: 'tls', port: number } | Loose<Static<typeof UnixService>> & { type: 'unix', path: string } | (Loose<Static<typeof OwnService>> & { type: string } & Record<string, unknown>)

/**
 * Checks the options and fills in the defaults. The caller's object is left as it was.
 * @throws OptionsError (FST_BAYEUX_OPTIONS) naming the path of the first thing wrong
 */
export function readOptions (raw: RealtimeOptions = {}): Options {
  const options = Value.Default(OptionsSchema, fromNodefony(copyPlain(raw) as Record<string, unknown>)) as Options
  refuse('', OptionsSchema, options)
  for (const [name, definition] of Object.entries(options.services)) refuseService(name, definition, options)
  if (options.limits.clientResumed > options.limits.clientWaiting) {
    throw new OptionsError('limits.clientResumed: Expected at most limits.clientWaiting')
  }
  return options
}

function refuseService (name: string, definition: ServiceOptions, options: Options): void {
  const own = Object.hasOwn(options.connectors, definition.type)
  const schema = own ? OwnService : Object.hasOwn(builtIn, definition.type) ? builtIn[definition.type] : undefined
  if (!/^[A-Za-z0-9\-_!~()$@]+(\/[A-Za-z0-9\-_!~()$@]+)*$/.test(name)) {
    throw new OptionsError(`services.${name}: A name becomes a channel: letters, digits and -_!~()$@`)
  }
  if (schema === undefined) {
    const known = [...Object.keys(builtIn), ...Object.keys(options.connectors)].join(', ')
    throw new OptionsError(`services.${name}.type: Unknown connector '${definition.type}'; known: ${known}`)
  }
  const filled = options.services[name] = Value.Default(schema, definition) as ServiceOptions
  refuse(`services.${name}`, schema, filled)
  refuseFraming(`services.${name}.framing`, filled.framing)
  if (filled.encoding === 'json' && !framingOf(filled.framing).whole) {
    throw new OptionsError(`services.${name}.encoding: JSON needs a framing that keeps messages whole, 'lines' for one`)
  }
}

function refuseFraming (path: string, option: FramingOption): void {
  if (typeof option === 'object' && !('type' in option)) return refuse(path, OwnFraming, option)
  const asked = typeof option === 'string' ? { type: option } : option
  const schema = Object.hasOwn(framing, asked.type) ? framing[asked.type] : undefined
  if (schema === undefined) throw new OptionsError(`${path}: Expected ${Object.keys(framing).map(name => `"${name}"`).join(' or ')}`)
  refuse(path, schema, asked)
}

function refuse (prefix: string, schema: TSchema, value: unknown): void {
  const first = Value.Errors(schema, value).First()
  if (first === undefined) return
  const path = first.path.slice(1).replaceAll('/', '.')
  throw new OptionsError(`${[prefix, path].filter(part => part !== '').join('.')}: ${explain(first)}`)
}

// TypeBox says of a union only that it did not fit; the names that would fit are what helps.
function explain (error: ValueError): string {
  const { schema } = error
  if (schema[Kind] === EITHER) return `Expected ${schema.expected}`
  if (TypeGuard.IsUnion(schema)) {
    const expected = schema.anyOf.map(each => TypeGuard.IsLiteral(each) ? JSON.stringify(each.const) : each[Kind].toLowerCase())
    return `Expected ${expected.join(' or ')}`
  }
  return error.message === 'Unexpected property' ? 'Unknown option' : error.message
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

// Defaults are filled in place, and what the user passed is theirs. Functions and class instances are kept.
function copyPlain (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyPlain)
  if (typeof value !== 'object' || value === null) return value
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyPlain(each)]))
}
