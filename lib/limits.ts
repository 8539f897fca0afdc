/** Everything is bounded: each bound with its unit, its default, and what it stops. */
import { Type, type Static } from '@sinclair/typebox'

const count = (fallback: number, description: string) => Type.Integer({ minimum: 1, default: fallback, description })
const bytes = (fallback: number, description: string) => Type.Integer({ minimum: 1, default: fallback, description: `bytes: ${description}` })
const ms = (fallback: number, description: string) => Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, default: fallback, description: `ms: ${description}` })
const KIB = 1024

/** The option `limits`. */
export const LimitsSchema = Type.Object({
  httpBody: bytes(256 * KIB, 'an HTTP body; more is answered 413'),
  bodyTimeout: ms(20_000, 'sending an HTTP body; longer is answered 408, and the connection is closed'),
  websocketMessage: bytes(256 * KIB, 'a WebSocket message; more closes it with 1009'),
  batch: count(1000, 'messages in one request or frame; more are answered 400, none is handled'),
  jsonDepth: count(64, 'levels of a message; deeper is answered 400'),
  channelLength: bytes(255, 'a channel name; longer is answered 400'),
  channelSegments: count(16, 'segments of a channel name; more are answered 400'),
  subscriptions: count(1000, 'subscriptions of a session; more are answered 429'),
  messageRate: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'messages a second that a session may send, heartbeats apart; more are answered 429. Off where it is left out' })),
  messageBurst: count(100, 'messages at once that a session may send, where messageRate is set'),
  services: count(16, 'services that a session has open; more are answered 429'),
  calls: count(64, 'calls of a session that run at once, and calls to it that wait for its answer; more are answered 429'),
  callTimeout: ms(10_000, 'an answer to a call, either way; longer is answered 504'),
  presenceMembers: count(10_000, 'members of a channel that a session may begin to watch; more are answered 413'),
  sessionsPerSocket: count(16, 'sessions on one WebSocket; more are answered 429'),
  sessions: count(100_000, 'sessions in all; more are answered 503, with advice to come back'),
  upstreamSockets: count(10_000, 'connections to services in all; more are answered 503'),
  handshakeWithoutConnect: ms(10_000, 'life of a session that never connects, and of a WebSocket without a session'),
  outboxBytes: bytes(1024 * KIB, 'broadcast events waiting for a session; more ends it with 413'),
  outboxEvents: count(1000, 'broadcast events waiting for a session; more end it with 413'),
  clientWaiting: bytes(256 * KIB, 'waiting for a client before its services are paused'),
  clientResumed: bytes(64 * KIB, 'waiting for a client when its services go on'),
  serviceWaiting: bytes(256 * KIB, 'waiting for a service before acknowledgements are withheld'),
  serviceBound: bytes(1024 * KIB, 'waiting for a service before publishes are answered 503'),
  serviceBusy: ms(5000, 'how long an acknowledgement is withheld before it becomes 503'),
  lane: count(1000, 'messages of a session that wait for one before them; then its connection is not read'),
  upstreamConnect: ms(5000, 'connecting to a service; longer is answered 408'),
  serviceMessage: bytes(256 * KIB, 'one message of a service; more ends its conversation with 413'),
  serviceQueue: count(1000, 'messages of a service that cannot wait (UDP, events) that wait for a client; beyond it the oldest are dropped'),
  serviceQueueBytes: bytes(1024 * KIB, 'the same in bytes'),
  historyBytes: bytes(64 * 1024 * KIB, 'JSON of the events that the history in memory keeps, over all channels; beyond it the channel that was published to longest ago is forgotten'),
  historyChannels: count(10_000, 'channels that the history in memory keeps; beyond it the same'),
  backplaneEvents: count(10_000, 'events of this node that it can say again to nodes that were cut off; the oldest are forgotten'),
  backplaneBytes: bytes(16 * 1024 * KIB, 'the same in bytes'),
  nodeBeat: ms(1000, 'between two signs of life of a node'),
  nodeSilence: ms(5000, 'without a sign of life until a node, or the bus, is taken for gone'),
  interestLinger: ms(5000, 'how long a node hears of a channel after its last subscriber there has left'),
  relayTimeout: ms(5000, 'an answer of the node where a session lives; longer is answered 503. A connect may be held for its time, and so much more'),
  relayWaiting: count(1000, 'messages of a connection that wait while its session comes from another node; more are answered 503'),
  websocketSilence: ms(25_000, 'without a byte either way before a WebSocket is pinged'),
  websocketPong: ms(10_000, 'from that ping until a silent WebSocket is cut')
}, { additionalProperties: false })

/** All bounds, with their defaults filled in. */
export type Limits = Static<typeof LimitsSchema>
