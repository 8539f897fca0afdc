/**
 * Text to checked messages, once, at the edge (docs/protocol.md, sections 2 and 4).
 *
 * What `JSON.parse` accepts says nothing: types, lengths and depth are checked here,
 * before any loop runs over what a client sent.
 */
import { scan } from 'secure-json-parse'
import { adviseNone } from './advice.js'
import { readChannel, type ChannelKind, type ChannelLimits } from './channel.js'
import { refusal, type Refusal } from './error.js'
import { requestValidators, type Operation } from './schemas.js'
import type { Checked, Incoming, Malformed, MessageId, ReplyMessage } from './message.js'

/** The bounds of a batch: its messages, the depth of each, and the names of channels. */
export interface CodecLimits extends ChannelLimits {
  readonly batch: number
  readonly jsonDepth: number
}

/** What one request or frame holds. A handshake stands alone: the messages beside it are ignored. */
export interface Batch<One extends Incoming = Incoming> {
  readonly incoming: readonly One[]
  /** Whether it came as one object, not in an array; the reply takes the same shape. */
  readonly bare: boolean
}

/** What a request holds in which everything is to be published. */
export type PublishBatch = Batch<Malformed | Extract<Checked, { operation: 'publish' }>>

/** Why a request or frame is answered as a whole: it is no JSON, or no object or array of objects, or too many. */
export class Undecodable {
  readonly error: Refusal
  /** False where it was JSON in the right shape: a WebSocket need not be closed for it. */
  readonly garbage: boolean

  constructor (text: string, garbage: boolean) {
    this.error = refusal(400, '', text)
    this.garbage = garbage
  }
}

const meta: ReadonlyMap<string, Operation> = new Map([
  ['/meta/handshake', 'handshake'],
  ['/meta/connect', 'connect'],
  ['/meta/subscribe', 'subscribe'],
  ['/meta/unsubscribe', 'unsubscribe'],
  ['/meta/disconnect', 'disconnect']
])

type OperationOf = (channel: string, kind: ChannelKind) => Operation | undefined

const ofClients: OperationOf = (channel, kind) => kind === 'meta' ? meta.get(channel) : 'publish'
const publishOnly: OperationOf = () => 'publish'

/**
 * Reads one text: a WebSocket frame, or an HTTP body.
 * @returns the batch in it, or why there is none
 */
export function decode (text: string, limits: CodecLimits): Batch | Undecodable {
  return decodeText(text, limits, ofClients)
}

/**
 * Reads one text in which every message is to be published, whatever its channel: an HTTP body of the application's.
 * @returns the batch in it, or why there is none
 */
export function decodePublishes (text: string, limits: CodecLimits): PublishBatch | Undecodable {
  return decodeText(text, limits, publishOnly) as PublishBatch | Undecodable
}

function decodeText (text: string, limits: CodecLimits, operationOf: OperationOf): Batch | Undecodable {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return new Undecodable('Not JSON', true)
  }
  return decodeValues(Array.isArray(value) ? value : [value], !Array.isArray(value), text, limits, operationOf)
}

/**
 * Reads several texts as one batch: the `message` fields of a form, each an object or an array.
 * @returns the batch, or why there is none
 */
export function decodeForm (texts: readonly string[], limits: CodecLimits): Batch | Undecodable {
  if (texts.length === 0) return new Undecodable('A form needs a field named message', true)
  if (texts.length === 1) return decode(texts[0] as string, limits)
  if (texts.length > limits.batch) return tooMany(limits)
  const values: unknown[] = []
  for (const text of texts) {
    try {
      const value: unknown = JSON.parse(text)
      if (Array.isArray(value)) {
        for (const each of value) values.push(each)
      } else values.push(value)
    } catch {
      return new Undecodable('Not JSON', true)
    }
  }
  return decodeValues(values, false, texts.join(''), limits, ofClients)
}

function tooMany (limits: CodecLimits): Undecodable {
  return new Undecodable(`More than ${limits.batch} messages`, false)
}

// Two brackets a level: a text this short cannot be deeper than the bound.
function mayBeDeep (text: string, limits: CodecLimits): boolean {
  return text.length > 2 * limits.jsonDepth
}

// Unicode escapes can spell either name, so a backslash counts as a suspicion.
const SUSPICIOUS = /__proto__|constructor|\\u/

function decodeValues (values: readonly unknown[], bare: boolean, text: string, limits: CodecLimits, operationOf: OperationOf): Batch | Undecodable {
  if (values.length > limits.batch) return tooMany(limits)
  const deep = mayBeDeep(text, limits)
  const suspicious = SUSPICIOUS.test(text)
  const incoming: Incoming[] = []
  for (const value of values) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return new Undecodable('Neither a message nor an array of messages', true)
    }
    const message = value as Record<string, unknown>
    const one = deep && !withinDepth(message, limits.jsonDepth)
      ? malformed(message, limits, refusal(400, '', `Deeper than ${limits.jsonDepth} levels`))
      : suspicious && poisons(message)
        ? malformed(message, limits, refusal(400, '', 'Forbidden property'))
        : check(message, limits, operationOf)
    if (one.operation === 'handshake') return { incoming: [one], bare }
    incoming.push(one)
  }
  return { incoming, bare }
}

function withinDepth (value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  if (Array.isArray(value)) {
    for (const each of value) if (!withinDepth(each, levels - 1)) return false
    return true
  }
  for (const key in value) if (!withinDepth((value as Record<string, unknown>)[key], levels - 1)) return false
  return true
}

function poisons (message: object): boolean {
  try {
    scan(message, { protoAction: 'error', constructorAction: 'error' })
    return false
  } catch {
    return true
  }
}

function check (message: Record<string, unknown>, limits: CodecLimits, operationOf: OperationOf): Incoming {
  const { channel } = message
  if (typeof channel !== 'string') return malformed(message, limits, refusal(400, '', 'A message needs a channel'))
  const shape = readChannel(channel, limits)
  if (shape === null) return malformed(message, limits, refusal(400, channel, 'Malformed channel'))
  const operation = operationOf(channel, shape.kind)
  if (operation === undefined) return malformed(message, limits, refusal(403, channel, 'Forbidden channel'))
  const validator = requestValidators[operation]
  if (validator.check(message)) return { operation, message } as unknown as Checked
  const wrong = validator.explain(message)
  return malformed(message, limits, refusal(400, `${channel},${wrong?.pointer ?? ''}`, wrong?.message))
}

// Echoes what a client needs to know its own message again, and no more.
function malformed (message: Record<string, unknown>, limits: CodecLimits, error: Refusal): Incoming {
  const reply: ReplyMessage & { error: Refusal } = { successful: false, error }
  const { channel, id, subscription } = message
  if (typeof channel === 'string' && readChannel(channel, limits) !== null) reply.channel = channel
  if (isId(id)) reply.id = id
  if (typeof subscription === 'string' && subscription.length <= limits.channelLength) reply.subscription = subscription
  if (channel === '/meta/handshake') reply.advice = adviseNone()
  return { operation: 'malformed', reply }
}

function isId (value: unknown): value is MessageId {
  return (typeof value === 'string' && value.length <= 255) || typeof value === 'number'
}
