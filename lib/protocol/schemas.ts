/**
 * Every message of Bayeux as a JSON Schema (TypeBox), compiled once. This is the ONE spelling
 * of the wire: the types of `message.ts` are derived from it, and users may validate with it.
 *
 * Bayeux messages are open: fields that are not named here are allowed and ignored.
 */
import { Type, type TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'

const Id = Type.Union([Type.String({ maxLength: 255 }), Type.Number()], { description: 'chosen by the client, echoed in every reply' })
const ClientId = Type.String({ maxLength: 255 })
const Ext = Type.Unsafe<Record<string, unknown>>(Type.Object({}, { additionalProperties: true }))
const ClientAdvice = Type.Object({
  timeout: Type.Optional(Type.Number({ minimum: 0, description: 'ms that the client wants its connect to be held, 0: answer at once' })),
  interval: Type.Optional(Type.Number({ minimum: 0, description: 'ms that the client waits before its next connect' }))
}, { additionalProperties: true })
const ServerAdvice = Type.Object({
  reconnect: Type.Optional(Type.Union([Type.Literal('retry'), Type.Literal('handshake'), Type.Literal('none')])),
  interval: Type.Optional(Type.Number()),
  timeout: Type.Optional(Type.Number()),
  maxInterval: Type.Optional(Type.Number()),
  hosts: Type.Optional(Type.Array(Type.String(), { description: 'other names of the gateway' }))
}, { additionalProperties: true })
const Version = Type.String({ pattern: '^[0-9]+(\\.[0-9A-Za-z\\-_]+)*$', maxLength: 32 })
const ConnectionTypes = Type.Array(Type.String({ maxLength: 64 }), { maxItems: 32 })
const Subscription = Type.Union([
  Type.String(),
  Type.Array(Type.String(), { minItems: 1, maxItems: 1000 })
], { description: 'a channel, a pattern, or several' })

const optional = { id: Type.Optional(Id), ext: Type.Optional(Ext), timestamp: Type.Optional(Type.Unknown()) }
const request = { ...optional, advice: Type.Optional(ClientAdvice), clientId: Type.Optional(ClientId) }
const reply = {
  ...optional,
  successful: Type.Boolean(),
  error: Type.Optional(Type.String({ description: 'code:args:text, where successful is false' })),
  clientId: Type.Optional(ClientId),
  advice: Type.Optional(ServerAdvice),
  version: Type.Optional(Version)
}

/** What clients send. A `clientId` that is missing or unknown is answered with 402, so it is not required here. */
export const requests = {
  handshake: Type.Object({
    ...request,
    channel: Type.Literal('/meta/handshake'),
    clientId: Type.Optional(Type.Unknown()),
    version: Version,
    minimumVersion: Type.Optional(Version),
    supportedConnectionTypes: ConnectionTypes
  }),
  connect: Type.Object({
    ...request,
    channel: Type.Literal('/meta/connect'),
    clientId: Type.Optional(Type.Union([ClientId, Type.Null()])),
    connectionType: Type.Optional(Type.String({ maxLength: 64, description: 'nodefony-client 6 leaves it out' }))
  }),
  subscribe: Type.Object({
    ...request,
    channel: Type.Literal('/meta/subscribe'),
    subscription: Subscription,
    data: Type.Optional(Type.Unknown({ description: 'for a service: the first thing written to it' }))
  }),
  unsubscribe: Type.Object({
    ...request,
    channel: Type.Literal('/meta/unsubscribe'),
    subscription: Subscription,
    data: Type.Optional(Type.Unknown({ description: 'for a service: written before its connection ends' }))
  }),
  disconnect: Type.Object({ ...request, channel: Type.Literal('/meta/disconnect') }),
  publish: Type.Object({ ...request, channel: Type.String(), data: Type.Unknown() })
}

/** What the server answers. */
export const replies = {
  handshake: Type.Object({
    ...reply,
    channel: Type.Literal('/meta/handshake'),
    minimumVersion: Type.Optional(Version),
    supportedConnectionTypes: Type.Optional(ConnectionTypes)
  }),
  connect: Type.Object({ ...reply, channel: Type.Literal('/meta/connect'), data: Type.Optional(Type.Unknown()) }),
  subscribe: Type.Object({ ...reply, channel: Type.Literal('/meta/subscribe'), subscription: Type.Optional(Subscription) }),
  unsubscribe: Type.Object({ ...reply, channel: Type.Literal('/meta/unsubscribe'), subscription: Type.Optional(Subscription) }),
  disconnect: Type.Object({ ...reply, channel: Type.Literal('/meta/disconnect') }),
  publish: Type.Object({ ...reply, channel: Type.Optional(Type.String()) })
}

/** What the server delivers. It never carries the publisher's `clientId`. */
export const event = Type.Object({
  ...optional,
  channel: Type.String(),
  data: Type.Unknown(),
  advice: Type.Optional(ServerAdvice)
})

/** What the gateway asks of a client on `/service/rpc`: a request of JSON-RPC 2.0, as `data` of an event. */
export const clientCall = Type.Object({
  jsonrpc: Type.Literal('2.0'),
  id: Type.Integer(),
  method: Type.String(),
  params: Type.Optional(Type.Unknown())
})

/** What the client publishes there: the response. Without `error` it is a result, null where that is left out too. */
export const clientAnswer = Type.Object({
  id: Type.Union([Type.Number(), Type.String()], { description: 'that of the request' }),
  result: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.Union([
    Type.Null(),
    Type.Object({ code: Type.Number({ description: '-32601: the client knows no such method' }), message: Type.String(), data: Type.Optional(Type.Unknown()) })
  ]))
})

/** The operations of Bayeux; a message is exactly one of them. */
export type Operation = keyof typeof requests

/** A compiled check: `check(value)`, and `explain(value)` with the JSON pointer of the first thing wrong. */
export interface Validator {
  check (value: unknown): boolean
  explain (value: unknown): { pointer: string, message: string } | null
}

/** Compiles a schema once, for many checks. */
export function compile (schema: TSchema): Validator {
  const checker = TypeCompiler.Compile(schema)
  return {
    check: value => checker.Check(value),
    explain: value => {
      const first = checker.Errors(value).First()
      return first === undefined ? null : { pointer: first.path, message: first.message }
    }
  }
}

function compileAll<Key extends string> (schemas: Record<Key, TSchema>): Record<Key, Validator> {
  const compiled = {} as Record<Key, Validator>
  for (const key of Object.keys(schemas) as Key[]) compiled[key] = compile(schemas[key])
  return compiled
}

/** The compiled checks of {@link requests}. */
export const requestValidators = compileAll(requests)

/** The compiled checks of {@link replies}. */
export const replyValidators = compileAll(replies)

/** The compiled check of {@link event}. */
export const eventValidator = compile(event)

/** The compiled check of {@link clientAnswer}. */
export const clientAnswerValidator = compile(clientAnswer)
