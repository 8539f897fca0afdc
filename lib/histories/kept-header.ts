/** What a message of the history in JetStream says of itself, in a header: its body is the event and nothing else. */
import type { MsgHdrs } from '@nats-io/transport-node'
import type { Keep } from '../../types/index.js'

/** The header's name. */
export const KEPT = 'Bayeux-Kept'

/** How much was to be kept of the channel, and what was before. */
export interface Kept extends Keep {
  /** The id of the event before it, or one below which anything may have been dropped. */
  readonly before: number
}

/** The header's value. */
export function keptText ({ before, size, ttl }: Kept): string {
  return JSON.stringify({ before, size, ttl })
}

/** @returns null where there is no such header: it is no event of a gateway's */
export function keptOf (headers: MsgHdrs | undefined): Kept | null {
  const text = headers?.get(KEPT) ?? ''
  return text === '' ? null : JSON.parse(text)
}
