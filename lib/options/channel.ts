/** The options of a channel, or of all channels that fit a pattern. */
import { Type, type Static, type TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { PresenceOptions, Session, Verdict } from '../../types/index.js'
import { OptionsError } from '../errors.js'
import { readChannel, type ChannelLimits } from '../protocol/channel.js'
import { copyPlain, either, func, isFunction, isObject, oneOf, refuse, typeboxSchema } from './schema-pieces.js'

/** What happens to a session that reads too slowly, when an event of the channel is one too many. */
export const overflows = ['disconnect', 'drop-oldest'] as const

type SubscribeRule = (session: Session) => Verdict
type PublishRule = (session: Session, data: any) => Verdict

const rule = <F>(description: string) => Type.Optional(either<F | false>('a function, or false', value => value === false || isFunction(value), { description }))

const History = Type.Object({
  size: Type.Integer({ default: 100, minimum: 1, description: 'messages that are kept of each channel' }),
  ttl: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'ms that a message is kept; left out: until there are too many' }))
}, { additionalProperties: false })

const Rate = Type.Object({
  messages: Type.Number({ exclusiveMinimum: 0, description: 'messages a second that a session may publish, in the long run' }),
  burst: Type.Integer({ default: 10, minimum: 1, description: 'the same, at once' })
}, { additionalProperties: false })

const PresenceSchema = Type.Object({
  info: Type.Optional(func<NonNullable<PresenceOptions['info']>>('what others learn of a session')),
  watch: rule<SubscribeRule>('may this session watch? false: nobody but the application')
}, { additionalProperties: false })

/** One entry of the option `channels`. */
export const ChannelSchema = Type.Object({
  schema: Type.Optional(typeboxSchema('of `data`; what does not fit is refused with 422')),
  subscribe: rule<SubscribeRule>('may this session subscribe? false: nobody but the application'),
  publish: rule<PublishRule>('may this session publish `data`? false: nobody but the application'),
  overflow: oneOf(overflows, 'disconnect', 'what happens to a session that reads too slowly: it is ended, or loses the oldest events that wait for it'),
  echo: Type.Boolean({ default: true, description: 'does a publisher that is subscribed get its own message?' }),
  rate: Type.Optional(Rate),
  history: Type.Optional(History),
  retain: Type.Boolean({ default: false, description: 'who subscribes gets the last message at once; it is a history of one where `history` is left out' }),
  replay: Type.Optional(Type.Literal('salesforce', { description: 'events carry their id in data.event.replayId too' })),
  presence: Type.Optional(either<PresenceOptions>('true, a function, or { info, watch }', isObject, { description: 'keep who is subscribed, and tell it to who watches' })),
  description: Type.Optional(Type.String({ description: 'for documents' }))
}, { additionalProperties: false })

/** A channel, or the channels of a pattern, with the defaults filled in. */
export type ChannelOptions = Static<typeof ChannelSchema>

/** What a user writes: what has a default may be left out. */
export interface ChannelInput {
  /** Schema of `data`: publishes that do not fit are refused with 422 and the JSON pointer. */
  schema?: TSchema
  /** May this session subscribe? `false`: nobody but the application. */
  subscribe?: SubscribeRule | false
  /** May this session publish `data`? `false`: nobody but the application. */
  publish?: PublishRule | false
  /** What happens to a session that reads too slowly: it is ended (`disconnect`), or loses the oldest events that wait for it. */
  overflow?: typeof overflows[number]
  /** Does a publisher that is subscribed get its own message? True by default. */
  echo?: boolean
  /** Messages a second that a session may publish here in the long run, and at once (10); more are answered 429. */
  rate?: { messages: number, burst?: number }
  /** Messages that are kept of each channel (100), and for how many ms (until there are too many). */
  history?: { size?: number, ttl?: number }
  /** Who subscribes and asks for no replay gets the last message; a history of one where `history` is left out. */
  retain?: boolean
  /** Events carry their id in `data.event.replayId` too, where data is an object. */
  replay?: 'salesforce'
  /** Keep who is subscribed, and tell it to who watches: `true`; a function that says what others learn of a session; or both rules. */
  presence?: true | NonNullable<PresenceOptions['info']> | PresenceOptions
  /** For documents. */
  description?: string
}

/**
 * Checks the option `channels` and fills in its defaults. What the caller passed is left as it was.
 * @throws OptionsError (FST_BAYEUX_OPTIONS) naming the path of the first thing wrong: `channels["/chat/*"].history.size`
 */
export function readChannels (raw: Readonly<Record<string, unknown>>, limits: ChannelLimits): Record<string, ChannelOptions> {
  return Object.fromEntries(Object.entries(raw).map(([name, definition]) => [name, readOne(name, definition, limits)]))
}

// `true` and a function are short for an object.
function presenceOf (presence: unknown): { presence?: PresenceOptions } {
  if (presence === true) return { presence: {} }
  return isFunction(presence) ? { presence: { info: presence as NonNullable<PresenceOptions['info']> } } : {}
}

function readOne (name: string, raw: unknown, limits: ChannelLimits): ChannelOptions {
  const path = `channels[${JSON.stringify(name)}]`
  const shape = readChannel(name, limits)
  if (shape === null) throw new OptionsError(`${path}: Expected a channel, or a pattern that ends with /* or /**`)
  if (shape.kind !== 'broadcast') throw new OptionsError(`${path}: Expected a broadcast channel: not under /${shape.kind}`)
  if (!isObject(raw)) throw new OptionsError(`${path}: Expected object`)
  const definition = Value.Default(ChannelSchema, copyPlain({ ...raw, ...presenceOf(raw.presence) })) as ChannelOptions
  refuse(path, ChannelSchema, definition)
  if (definition.presence !== undefined) refuse(`${path}.presence`, PresenceSchema, definition.presence)
  if (definition.retain) definition.history ??= { size: 1 }
  if (definition.replay !== undefined && definition.history === undefined) throw new OptionsError(`${path}.replay: Expected history or retain beside it`)
  return definition
}
