/** The AsyncAPI document of a gateway, from the schemas that its messages are checked with. */
import type { TSchema } from '@sinclair/typebox'
import type { ChannelOptions, ServiceOptions } from '../options/index.js'
import { RPC, serviceChannel } from '../protocol/channel.js'
import { clientAnswer, clientCall, event, replies, requests } from '../protocol/schemas.js'
import { Contract } from './contract.js'
import { referTo, type JsonSchema } from './json-schema.js'

/** A call of clients, as far as it is told. */
export interface DescribedCall {
  readonly params?: TSchema | undefined
  readonly result?: TSchema | undefined
}

/** What there is to tell. */
export interface Described {
  /** `localhost:3000`, and whether it is reached by https and wss. */
  readonly host: string
  readonly secure: boolean
  readonly path: string
  readonly transports: readonly string[]
  readonly info: Readonly<Record<string, unknown>>
  readonly channels: Iterable<readonly [name: string, definition: ChannelOptions]>
  readonly services: Iterable<readonly [name: string, definition: ServiceOptions]>
  readonly calls: Iterable<readonly [name: string, call: DescribedCall]>
}

const KINDS = { publish: 'bayeux.publish', reply: 'bayeux.acknowledgement', event: 'bayeux.event' }
const meta = ['handshake', 'connect', 'subscribe', 'unsubscribe', 'disconnect'] as const
const anything: JsonSchema = {}

/** @returns a document of AsyncAPI 3.0, to be said as JSON */
export function asyncapiOf ({ host, secure, path, transports, info, channels, services, calls }: Described): object {
  const contract = new Contract(transports)
  contract.schema(KINDS.publish, requests.publish)
  contract.schema(KINDS.reply, replies.publish)
  contract.schema(KINDS.event, event)
  for (const operation of meta) addMeta(contract, operation)
  for (const [name, definition] of channels) addChannel(contract, name, definition)
  for (const [name, definition] of services) addService(contract, name, definition)
  const all = [...calls]
  for (const [name, call] of all) addCall(contract, name, call)
  if (all.length > 0) addCallsToClients(contract)
  const server = { host, pathname: path }
  return {
    asyncapi: '3.0.0',
    info: { description: 'A gateway that speaks Bayeux 1.0: messages travel in JSON arrays, and a session begins with a handshake.', ...info },
    defaultContentType: 'application/json',
    servers: {
      ...(transports.includes('websocket') && { websocket: { ...server, protocol: secure ? 'wss' : 'ws', description: 'Each text frame is an array of messages.' } }),
      http: { ...server, protocol: secure ? 'https' : 'http', description: 'A POST carries an array of messages, and so does its answer.' }
    },
    channels: contract.channels,
    operations: contract.operations,
    components: { schemas: contract.schemas }
  }
}

function addMeta (contract: Contract, operation: typeof meta[number]): void {
  const channel = `/meta/${operation}`
  const key = contract.keyOf(channel)
  contract.add(key, channel, {
    receives: {
      message: { title: `Request of ${operation}`, payload: contract.schema(`${key}.request`, requests[operation]) },
      replies: { reply: { title: `Reply to ${operation}`, payload: contract.schema(`${key}.reply`, replies[operation]) } }
    }
  })
}

const acknowledged = { reply: { title: 'Acknowledgement', description: '`error` says why, where it was refused.', payload: referTo(KINDS.reply) } }

function addChannel (contract: Contract, name: string, { schema, subscribe, publish, description, overflow, echo, rate, history, retain, presence }: ChannelOptions): void {
  const key = contract.keyOf(name)
  const data = schema === undefined ? anything : contract.schema(`${key}.data`, schema)
  contract.add(key, name, {
    ...(description !== undefined && { description }),
    facts: { pattern: name, overflow, echo, ...(rate !== undefined && { rate }), ...(history !== undefined && { history, retain }), ...(presence !== undefined && { presence: true }) },
    ...(subscribe !== false && { sends: { event: { title: 'Event', payload: contract.payload(KINDS.event, name, data) } } }),
    ...(publish !== false && { receives: { message: { title: 'Publish', payload: contract.payload(KINDS.publish, name, data) }, replies: acknowledged } })
  })
  if (presence !== undefined) addPresence(contract, name)
}

const members: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['id', 'since'],
    properties: { id: { type: 'string' }, since: { type: 'integer', description: 'ms since 1970' }, info: { description: 'what the application says of it' } }
  }
}

function addPresence (contract: Contract, name: string): void {
  const channel = `${serviceChannel('presence')}${name}`
  contract.add(contract.keyOf(channel), channel, {
    description: `Who is on ${name}: the list after a subscribe, then what changes.`,
    sends: { news: { title: 'Presence', payload: contract.payload(KINDS.event, channel, { type: 'object', properties: { members, join: members, leave: members } }) } }
  })
}

// What data is where no schema says it.
const encoded: Readonly<Record<string, { readonly said: JsonSchema, readonly told: JsonSchema }>> = {
  utf8: { said: { type: 'string' }, told: anything },
  base64: { said: { type: 'string', contentEncoding: 'base64' }, told: { type: 'string', contentEncoding: 'base64' } },
  binary: { said: { type: 'object', description: 'Z85 in `data`' }, told: { type: 'object', description: 'Z85 in `data`' } }
}

function addService (contract: Contract, name: string, definition: ServiceOptions): void {
  const { type, schema, encoding, shared } = definition
  const channel = serviceChannel(name)
  const key = contract.keyOf(channel)
  const { said = anything, told = anything } = encoded[encoding] ?? {}
  const dataOf = (which: 'publish' | 'event', otherwise: JsonSchema) => {
    const given = schema?.[which]
    return given === undefined ? otherwise : contract.schema(`${key}.${which}`, given)
  }
  const state = { title: 'State', description: 'How the connection to the service is: `ext.service`.', payload: contract.payload(KINDS.event, channel, { type: 'null' }) }
  contract.add(key, channel, {
    description: 'A service: who subscribes has a conversation with it.',
    facts: { service: name, type, shared: shared !== false },
    sends: {
      event: { title: 'What the service says', payload: contract.payload(KINDS.event, channel, dataOf('event', said)) },
      ...(shared !== false && { state })
    },
    ...(isWritable(definition) && {
      receives: { message: { title: 'What the service is told', payload: contract.payload(KINDS.publish, channel, dataOf('publish', told)) }, replies: acknowledged }
    })
  })
}

function isWritable ({ writable, shared, type, handler }: ServiceOptions & { readonly handler?: unknown }): boolean {
  const readOnly = type === 'monitoring' || (type === 'internal' && typeof handler === 'function' && handler.length === 0)
  return !readOnly && (writable ?? shared === false)
}

function addCall (contract: Contract, name: string, { params, result }: DescribedCall): void {
  const channel = `${RPC}/${name}`
  const key = contract.keyOf(channel)
  const dataOf = (which: 'params' | 'result', schema: TSchema | undefined) => schema === undefined ? anything : contract.schema(`${key}.${which}`, schema)
  contract.add(key, channel, {
    description: 'A call: what is published is acknowledged, then answered on the same channel with the same `id`.',
    facts: { call: name },
    receives: {
      message: { title: 'Parameters', payload: contract.payload(KINDS.publish, channel, dataOf('params', params)) },
      replies: { ...acknowledged, result: { title: 'Result', description: '`error` says why, where it failed.', payload: contract.payload(KINDS.reply, channel, dataOf('result', result)) } }
    }
  })
}

function addCallsToClients (contract: Contract): void {
  const key = contract.keyOf(RPC)
  contract.add(key, RPC, {
    description: 'Calls of the gateway to a client, in JSON-RPC 2.0.',
    sends: { call: { title: 'Call', payload: contract.payload(KINDS.event, RPC, contract.schema(`${key}.call`, clientCall)) } },
    receives: { message: { title: 'Answer', payload: contract.payload(KINDS.publish, RPC, contract.schema(`${key}.answer`, clientAnswer)) }, replies: acknowledged }
  })
}
