import type { TSchema } from '@sinclair/typebox'
import { addSchema, referTo, type Components, type JsonSchema } from './json-schema.js'
import { addressOf, channelField, Keys } from './names.js'

/** One message of a channel: the schema of its data, or of the whole message. */
export interface DescribedMessage {
  readonly title: string
  readonly description?: string
  readonly payload: JsonSchema
}

/** What is told of one channel or pattern. */
export interface DescribedChannel {
  readonly description?: string
  /** What AsyncAPI has no words for. */
  readonly facts?: Readonly<Record<string, unknown>>
  /** What the gateway sends there, by name. */
  readonly sends?: Readonly<Record<string, DescribedMessage>>
  /** What clients send there, and what that is answered with. */
  readonly receives?: { readonly message: DescribedMessage, readonly replies: Readonly<Record<string, DescribedMessage>> }
}

interface Reference { readonly $ref: string }

/** The channels, operations and schemas of a document, as they come together. */
export class Contract {
  readonly channels: Record<string, object> = {}
  readonly operations: Record<string, object> = {}
  readonly schemas: Components = {}
  readonly #keys = new Keys()
  readonly #bindings: { readonly channel: object, readonly operation: object }

  constructor (transports: readonly string[]) {
    this.#bindings = {
      channel: transports.includes('websocket') ? { bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } } } : {},
      operation: transports.includes('long-polling') ? { bindings: { http: { method: 'POST', bindingVersion: '0.3.0' } } } : {}
    }
  }

  /** A key for a channel; each call gives another one. */
  keyOf (channel: string): string {
    return this.#keys.of(channel)
  }

  /** Adds a schema. @returns the reference to it */
  schema (name: string, schema: TSchema): JsonSchema {
    return addSchema(this.schemas, name, schema)
  }

  /** A message of a kind that is known (`bayeux.event` …), on a channel, with this data. */
  payload (kind: string, channel: string, data: JsonSchema): JsonSchema {
    return { allOf: [referTo(kind), { type: 'object', properties: { channel: channelField(channel), data } }] }
  }

  /** Adds a channel, and its operations. */
  add (key: string, channel: string, { description, facts, sends = {}, receives }: DescribedChannel): void {
    const messages = { ...sends, ...(receives !== undefined && { request: receives.message, ...receives.replies }) }
    const here: Reference = { $ref: `#/channels/${key}` }
    const refer = (name: string): Reference => ({ $ref: `#/channels/${key}/messages/${name}` })
    this.channels[key] = {
      title: channel,
      ...(description !== undefined && { description }),
      ...addressOf(channel),
      messages: Object.fromEntries(Object.entries(messages).map(([name, message]) => [name, { name: `${key}.${name}`, ...message }])),
      ...this.#bindings.channel,
      ...(facts !== undefined && { 'x-bayeux': facts })
    }
    if (receives !== undefined) {
      const reply = { channel: here, messages: Object.keys(receives.replies).map(refer) }
      this.operations[`${key}.receive`] = { action: 'receive', title: receives.message.title, channel: here, messages: [refer('request')], reply, ...this.#bindings.operation }
    }
    const sent = Object.keys(sends)
    if (sent.length > 0) this.operations[`${key}.send`] = { action: 'send', channel: here, messages: sent.map(refer) }
  }
}
