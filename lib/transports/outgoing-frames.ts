import { spellArray, spellBare } from '../protocol/dialect.js'
import { sameMessages, type Outgoing } from '../protocol/outgoing.js'
import { textFrame } from './frame.js'

// One frame of a session's own messages; a client parses one frame, not nine hundred.
const FRAME = 64 * 1024

/** The texts of the frames that say these messages, one bare object each in Nodefony's dialect. */
export function spellTexts (messages: readonly Outgoing[], clientId: string, bare: boolean): string[] {
  if (bare) return messages.flatMap(message => spellBare(message, clientId))
  return groups(messages).map(spellArray)
}

// The last join of broadcasts: sessions with the same channels have the same list, one after the other.
let joined: { readonly messages: readonly Outgoing[], readonly bytes: Uint8Array } | null = null

/**
 * The bytes of one write that says these messages in arrays: broadcasts as their ready frames,
 * made once however many receive them, and what is the session's own joined in frames.
 */
export function spellBytes (messages: readonly Outgoing[]): Uint8Array {
  if (joined !== null && sameMessages(joined.messages, messages)) return joined.bytes
  const frames = groups(messages).map(frameOf)
  const bytes = frames.length === 1 ? frames[0] as Uint8Array : Buffer.concat(frames)
  if (messages.every(isBroadcast)) joined = { messages, bytes }
  return bytes
}

function frameOf (group: readonly Outgoing[]): Uint8Array {
  const [first] = group as [Outgoing]
  if (!isBroadcast(first)) return textFrame(spellArray(group))
  first.frame ??= textFrame(spellArray(group))
  return first.frame
}

// A broadcast stands alone, for its frame is shared; neighbours that are the session's own go together.
function groups (messages: readonly Outgoing[]): (readonly Outgoing[])[] {
  const groups = []
  for (let from = 0, to = 0; from < messages.length; from = to) {
    to = from + 1
    if (!isBroadcast(messages[from] as Outgoing)) to = endOfOwn(messages, from)
    groups.push(messages.slice(from, to))
  }
  return groups
}

function endOfOwn (messages: readonly Outgoing[], from: number): number {
  let bytes = 0
  for (let at = from; at < messages.length; at++) {
    const message = messages[at] as Outgoing
    bytes += message.bytes
    if (at > from && (isBroadcast(message) || bytes > FRAME)) return at
  }
  return messages.length
}

function isBroadcast (message: Outgoing): boolean {
  return message.kind === 'broadcast'
}
