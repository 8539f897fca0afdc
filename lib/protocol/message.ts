/** The messages of Bayeux as types, derived from their schemas, and what becomes of one that comes in. */
import type { Static } from '@sinclair/typebox'
import type { requests, replies, event, clientAnswer, clientCall, Operation } from './schemas.js'
import type { Refusal } from './error.js'
import type { Advice } from './advice.js'

export type { Operation }

/** What a client sends, by operation. */
export type Requests = { [Key in Operation]: Static<typeof requests[Key]> }
export type HandshakeRequest = Requests['handshake']
export type ConnectRequest = Requests['connect']
export type SubscribeRequest = Requests['subscribe']
export type UnsubscribeRequest = Requests['unsubscribe']
export type DisconnectRequest = Requests['disconnect']
export type PublishRequest = Requests['publish']

/** What the server answers, by operation. */
export type Replies = { [Key in Operation]: Static<typeof replies[Key]> }

/** What is delivered to subscribers. */
export type EventMessage = Static<typeof event>

/** What the gateway asks of a client, and what the client answers. */
export type ClientCall = Static<typeof clientCall>
export type ClientAnswer = Static<typeof clientAnswer>

/** The id of a message as its client chose it. */
export type MessageId = string | number

/** Any reply, as the handlers build it. */
export interface ReplyMessage {
  channel?: string
  successful: boolean
  id?: MessageId
  clientId?: string
  subscription?: string | string[]
  error?: string
  advice?: Advice
  ext?: Record<string, unknown>
  data?: unknown
  version?: string
  minimumVersion?: string
  supportedConnectionTypes?: string[]
  timestamp?: string
}

/** A message that came in and fits its schema. */
export type Checked = { [Key in Operation]: { readonly operation: Key, readonly message: Requests[Key] } }[Operation]

/** A message that came in and does not: it gets an error reply of its own, the rest of its batch is handled. */
export interface Malformed {
  readonly operation: 'malformed'
  readonly reply: ReplyMessage & { error: Refusal }
}

/** A message that came in, checked once; nothing behind the codec looks at raw text. */
export type Incoming = Checked | Malformed
