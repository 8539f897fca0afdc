/** The options of a service: what all have in common, and what each built-in connector reads besides. */
import { Type, type Static, type TObject } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Caller, InternalHandler, Session } from '../../types/index.js'
import { encodingNames, encodings } from '../encoding/index.js'
import { OptionsError } from '../errors.js'
import { framingOf } from '../framing/index.js'
import type { Limits } from '../limits.js'
import { ownName } from '../protocol/channel.js'
import { framing, refuseFraming } from './framing.js'
import { copyPlain, either, func, isFunction, isObject, oneOf, refuse, typeboxSchema } from './schema-pieces.js'

export const MAX_MS = 2 ** 31 - 1

/** Fields of a service that a target replaces: where it is. */
export type Target = Readonly<Record<string, unknown>>

export type Awaitable<T> = T | Promise<T>

const Shared = Type.Object({
  linger: Type.Integer({ default: 5000, minimum: 0, maximum: MAX_MS, description: 'ms that the connection stays after the last subscriber left' }),
  snapshot: Type.Object({
    size: Type.Integer({ default: 0, minimum: 0, description: 'messages that who comes late gets at once' }),
    key: Type.Optional(either<string | ((data: unknown) => unknown)>('the name of a property, or a function', value => typeof value === 'string' || isFunction(value),
      { description: 'keep the last message of each key only' }))
  }, { default: {}, additionalProperties: false }),
  reconnect: either<false | { min: number, max: number }>('true, false, or { min, max } in ms', value => value === false || (isObject(value) &&
    Object.keys(value).every(key => key === 'min' || key === 'max') && Number(value.min) >= 1 && Number(value.max) >= Number(value.min) && Number(value.max) <= MAX_MS))
}, { additionalProperties: false })

const sharedBy = (fallback: boolean) => either<false | Static<typeof Shared>>('true, false, or { linger, snapshot, reconnect }', value => value === false || isObject(value), { default: fallback })

export const common = {
  encoding: oneOf(encodingNames, 'utf8', 'how bytes become the data of messages'),
  connectTimeout: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_MS, description: 'ms; limits.upstreamConnect where it is left out' })),
  idleTimeout: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_MS, description: 'ms without a byte either way before the conversation ends; off where it is left out' })),
  authorize: Type.Optional(func<(session: Session) => Awaitable<boolean | string>>('may this session open the service?')),
  schema: Type.Optional(Type.Object({ publish: Type.Optional(typeboxSchema('of what clients send')), event: Type.Optional(typeboxSchema('of what the service says')) }, { additionalProperties: false })),
  hello: Type.Optional(Type.Unsafe<unknown>(Type.Any({ description: 'what the gateway writes first: a message, several as an array, or a function of the session' }))),
  writable: Type.Optional(Type.Boolean({ description: 'may clients write to it? true, and false where it is shared' })),
  shared: sharedBy(false),
  resolve: Type.Optional(func<(caller: Caller, session: Session) => Awaitable<Target | readonly Target[] | null | undefined>>('where the service is for this session')),
  targets: Type.Optional(Type.Array(Type.Unsafe<Target>(Type.Object({}, { additionalProperties: true })), { minItems: 1, description: 'where the service is, tried in this order' }))
}

const bytes = { ...common, framing }
// Without framing: their messages are whole already.
const whole = { ...common, framing: Type.Optional(either<undefined>('no framing: its messages are whole already', value => value === undefined)) }
const host = {
  domain: Type.String({ default: 'localhost', minLength: 1, description: 'host name or address' }),
  port: Type.Integer({ minimum: 1, maximum: 65535 })
}
const Pem = either<string | Buffer | (string | Buffer)[]>('PEM as a text or a buffer, or several', value =>
  [value].flat().every(each => typeof each === 'string' || Buffer.isBuffer(each)))
const certificates = {
  ca: Type.Optional(Pem),
  cert: Type.Optional(Pem),
  key: Type.Optional(Pem),
  passphrase: Type.Optional(Type.String()),
  servername: Type.Optional(Type.String({ description: 'whom the certificate must be for; the host where it is left out' })),
  rejectUnauthorized: Type.Boolean({ default: true, description: 'false: any certificate will do' })
}
const closed = { additionalProperties: false }
const texts = Type.Record(Type.String(), Type.String())

const TcpService = Type.Object({ ...bytes, ...host, type: Type.Literal('tcp', { default: 'tcp' }) }, closed)
const TlsService = Type.Object({ ...bytes, ...host, ...certificates, type: Type.Literal('tls') }, closed)
const UnixService = Type.Object({
  ...bytes,
  type: Type.Literal('unix'),
  path: Type.String({ minLength: 1, description: 'of the socket; @name for an abstract one' })
}, closed)
const UdpService = Type.Object({
  ...whole,
  ...host,
  type: Type.Literal('udp'),
  listen: Type.Boolean({ default: false, description: 'hear everybody on this address and port' })
}, closed)
const WebSocketService = Type.Object({
  ...whole,
  ...certificates,
  type: Type.Literal('websocket'),
  url: Type.String({ pattern: '^wss?://', description: 'ws: or wss:' }),
  protocols: Type.Optional(Type.Array(Type.String())),
  headers: Type.Optional(texts)
}, closed)
const ProcessService = Type.Object({
  ...bytes,
  type: Type.Literal('process'),
  command: Type.String({ minLength: 1 }),
  args: Type.Optional(Type.Array(Type.String())),
  cwd: Type.Optional(Type.String()),
  env: Type.Optional(texts)
}, closed)
const InternalService = Type.Object({
  ...bytes,
  type: Type.Literal('internal'),
  encoding: oneOf(encodingNames, 'none', 'how bytes, where there are any, become the data of messages'),
  handler: either<InternalHandler>('a function, an object or an EventEmitter', value => isFunction(value) || (typeof value === 'object' && value !== null))
}, closed)
const MonitoringService = Type.Object({
  ...whole,
  type: Type.Literal('monitoring'),
  encoding: oneOf(encodingNames, 'none', 'always none'),
  interval: Type.Integer({ default: 1000, minimum: 10, maximum: MAX_MS, description: 'ms' }),
  shared: sharedBy(true)
}, closed)
/** A service reached by a connector of the application: it may carry whatever that connector reads. */
const OwnService = Type.Object({ ...bytes, type: Type.String() }, { additionalProperties: true })

const builtIn: Readonly<Record<string, TObject>> = {
  tcp: TcpService,
  tls: TlsService,
  udp: UdpService,
  unix: UnixService,
  websocket: WebSocketService,
  process: ProcessService,
  internal: InternalService,
  monitoring: MonitoringService
}

type BuiltIn = Static<typeof TcpService> | Static<typeof TlsService> | Static<typeof UnixService> | Static<typeof UdpService> |
  Static<typeof WebSocketService> | Static<typeof ProcessService> | Static<typeof InternalService> | Static<typeof MonitoringService>

/** One entry of `services`, with its defaults filled in. */
export type ServiceOptions = BuiltIn | (Static<typeof OwnService> & Record<string, unknown>)

/** What becomes a channel under `/service/`. */
export const NAME = /^[A-Za-z0-9\-_!~()$@]+(\/[A-Za-z0-9\-_!~()$@]+)*$/
// Kept for the monitor page, where there is one.
const MONITOR = /^monitor(?:\/|$)/

/**
 * Checks one service and fills in its defaults. What the caller passed is left as it was.
 * @param options connectors of the application, the bounds, and whether there is a monitor page
 * @throws OptionsError (FST_BAYEUX_OPTIONS) naming the path of the first thing wrong
 */
export function readService (name: string, raw: unknown, options: { readonly connectors: object, readonly limits: Limits, readonly monitor?: object }): ServiceOptions {
  const own = Object.keys(options.connectors)
  const path = `services.${name}`
  if (!NAME.test(name)) throw new OptionsError(`${path}: A name becomes a channel: letters, digits and -_!~()$@`)
  if (name === '__proto__') throw new OptionsError(`${path}: No name for a service`)
  if (ownName(name) !== null || (options.monitor !== undefined && MONITOR.test(name))) throw new OptionsError(`${path}: The gateway keeps this name for itself`)
  if (!isObject(raw)) throw new OptionsError(`${path}: Expected object`)
  const schema = schemaOf(path, raw.type ?? 'tcp', own)
  const definition = Value.Default(schema, copyPlain(raw)) as ServiceOptions
  definition.shared = readShared(`${path}.shared`, definition.shared)
  const located = definition.resolve !== undefined || definition.targets !== undefined
  refuse(path, located ? Type.Partial(schema) : schema, definition)
  refuseTogether(path, definition)
  refuseSnapshot(path, definition, options.limits)
  if (definition.framing !== undefined) refuseFraming(`${path}.framing`, definition.framing)
  if (!own.includes(definition.type)) refuseMismatch(path, definition)
  for (const [index, target] of (definition.targets ?? []).entries()) {
    const { targets, resolve, ...base } = definition
    refuse(`${path}.targets.${index}`, schema, { ...base, ...target })
  }
  return definition
}

function schemaOf (path: string, type: unknown, own: readonly string[]): TObject {
  if (own.includes(type as string)) return OwnService
  if (typeof type === 'string' && Object.hasOwn(builtIn, type)) return builtIn[type] as TObject
  throw new OptionsError(`${path}.type: Unknown connector '${String(type)}'; known: ${[...Object.keys(builtIn), ...own].join(', ')}`)
}

const RECONNECT = { min: 500, max: 30_000 }

function readShared (path: string, raw: unknown): ServiceOptions['shared'] {
  if (raw === false || raw === undefined) return false
  if (raw !== true && !isObject(raw)) throw new OptionsError(`${path}: Expected true, false, or { linger, snapshot, reconnect }`)
  const { snapshot, reconnect = true, ...rest } = raw === true ? {} as Record<string, unknown> : raw
  const shared = Value.Default(Shared, {
    ...rest,
    ...(snapshot !== undefined && { snapshot: typeof snapshot === 'number' ? { size: snapshot } : snapshot }),
    reconnect: reconnect === true ? RECONNECT : isObject(reconnect) ? { ...RECONNECT, ...reconnect } : reconnect
  })
  refuse(path, Shared, shared)
  const { snapshot: kept } = shared as Static<typeof Shared>
  if (kept.key !== undefined && kept.size === 0) kept.size = 100
  return shared as Static<typeof Shared>
}

// What each is good for, and both together are not.
function refuseTogether (path: string, { shared, resolve, targets, hello, ...rest }: ServiceOptions): void {
  if (resolve !== undefined && shared !== false) throw new OptionsError(`${path}: 'shared' and 'resolve' exclude each other: one connection for all has one target`)
  if (resolve !== undefined && targets !== undefined) throw new OptionsError(`${path}: 'resolve' and 'targets' exclude each other: resolve may return several`)
  if (isFunction(hello) && shared !== false) throw new OptionsError(`${path}.hello: A function is asked for each session, and a shared service has none`)
  if (rest.type === 'udp' && rest.listen === true && shared === false) throw new OptionsError(`${path}.listen: Only one can listen on a port, so set 'shared'`)
}

function refuseSnapshot (path: string, { shared }: ServiceOptions, { outboxEvents }: Limits): void {
  if (shared === false || shared.snapshot.size <= outboxEvents / 2) return
  throw new OptionsError(`${path}.shared.snapshot.size: Expected at most half of limits.outboxEvents`)
}

function refuseMismatch (path: string, { type, framing = 'raw', encoding, hello }: ServiceOptions): void {
  const inBytes = ['tcp', 'tls', 'unix', 'process'].includes(type)
  const { wholeOnly, values, encode } = encodings[encoding]
  if (inBytes && wholeOnly === true && !framingOf(framing).whole) {
    throw new OptionsError(`${path}.encoding: JSON needs a framing that keeps messages whole, 'lines' for one`)
  }
  if (values === true && type !== 'internal' && type !== 'monitoring') {
    throw new OptionsError(`${path}.encoding: '${encoding}' is for services that speak in objects`)
  }
  if (hello === undefined || isFunction(hello) || values === true) return
  for (const message of [hello].flat()) {
    const encoded = encode(message)
    const fits = encoded !== null && (!inBytes || framingOf(framing).encode(encoded) !== null)
    if (!fits) throw new OptionsError(`${path}.hello: Does not fit the encoding or the framing`)
  }
}
