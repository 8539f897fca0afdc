import type { Connection } from '../../types/index.js'
import type { Incoming, MessageId, ReplyMessage } from '../protocol/message.js'
import type { Session } from './session.js'
import { timesyncReply } from './timesync.js'

/** One message on its way through the broker. */
export interface Request<One extends Incoming = Incoming> {
  readonly incoming: One
  readonly connection: Connection
  /** Its place among the answers of an HTTP exchange. */
  readonly slot: number
  /** Whether it came alone: over HTTP only such a connect is held, or the others would wait with it. */
  readonly alone: boolean
  /** Whose message it is; null for a handshake. */
  readonly session: Session | null
}

/** The head of a reply to a message: its channel and id, and whose it is. */
export function replyTo (message: { readonly channel: string, readonly id?: MessageId, readonly ext?: object }, clientId?: string): ReplyMessage {
  const reply: ReplyMessage = { channel: message.channel, successful: true }
  if (message.id !== undefined) reply.id = message.id
  if (clientId !== undefined) reply.clientId = clientId
  const timesync = message.ext === undefined ? null : timesyncReply(message)
  if (timesync !== null) reply.ext = { timesync }
  return reply
}
