/**
 * The replay extension, as Salesforce's Streaming API has it (docs/protocol.md, section 9): a subscribe says in
 * `ext.replay` after which event it wants to go on, by channel, and each event carries its id.
 */
import { refusal, type Refusal } from './error.js'
import type { EventMessage, SubscribeRequest } from './message.js'

/** Only what is published from now on. */
export const NEW = -1
/** Everything that is kept. */
export const ALL = -2

/**
 * What a subscribe wants of one of its channels or patterns.
 * @returns {@link NEW}, {@link ALL}, or the id of the last event that it has; null where it says nothing of this channel
 */
export function replayAsked ({ ext }: Pick<SubscribeRequest, 'ext'>, subscription: string): number | null | Refusal {
  const asked = ext?.replay
  if (typeof asked !== 'object' || asked === null || !Object.hasOwn(asked, subscription)) return null
  const from: unknown = (asked as Record<string, unknown>)[subscription]
  if (from === null) return null
  if (!Number.isSafeInteger(from) || (from as number) < ALL) return invalidReplay(from)
  if (subscription.endsWith('*') && (from as number) >= 0) {
    return refusal(400, subscription, 'Ids count within a channel: a pattern is replayed from -2 (all events) or -1 (only new events)')
  }
  return from as number
}

// Clients look for these very words, two spaces and all.
/** An id that is no longer kept, or was never given. */
export function invalidReplay (from: unknown): Refusal {
  const id = JSON.stringify(from).slice(0, 40)
  return refusal(400, '', `The replayId {${id}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.`)
}

/**
 * An event as its receivers get it, with its id in `ext.replayId`.
 * @param inData whether the id stands in `data.event.replayId` too, where data is an object
 */
export function withReplayId (event: EventMessage, replayId: number, inData: boolean): EventMessage {
  const { data, ext } = event
  return { ...event, data: inData ? numbered(data, replayId) : data, ext: { ...ext, replayId } }
}

// What is there already and is no object stays what it is.
function numbered (data: unknown, replayId: number): unknown {
  if (!isObject(data)) return data
  const { event = {} } = data
  return isObject(event) ? { ...data, event: { ...event, replayId } } : data
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
