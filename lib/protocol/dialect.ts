/**
 * How messages are spelled for a client (docs/protocol.md, section 6): in arrays, as the
 * specification has it, or in Nodefony's dialect, one bare object a frame with a few more fields.
 */
import { Events } from './events.js'
import type { ReplyMessage } from './message.js'
import { sameMessages, type Outgoing } from './outgoing.js'

/** Several messages as one text, in the specification's spelling. */
export function spellArray (messages: readonly Outgoing[]): string {
  const shared = leadingBroadcasts(messages)
  let text = shared === 0 ? '' : joinShared(messages.slice(0, shared))
  for (let index = shared; index < messages.length; index++) {
    const { json } = messages[index] as Outgoing
    text += text === '' ? json : ',' + json
  }
  return '[' + text + ']'
}

function leadingBroadcasts (messages: readonly Outgoing[]): number {
  let count = 0
  while (messages[count]?.kind === 'broadcast') count++
  return count
}

// The broadcasts that were joined last: who polls the same channels is told the same, one after the other. That is a fifth of
// the cost of an answer with sixteen.
let joined: readonly Outgoing[] = []
let joinedText = ''

function joinShared (broadcasts: readonly Outgoing[]): string {
  if (!sameMessages(broadcasts, joined)) {
    joined = broadcasts
    joinedText = broadcasts.map(({ json }) => json).join(',')
  }
  return joinedText
}

/**
 * Messages as Nodefony's client takes them, one by one: events carry the `clientId` of their receiver,
 * replies always say `version` and, where they are successful, `error`; the acknowledgement
 * of a publish has no `channel`, or that client would take it for an event.
 */
export function spellBare (outgoing: Outgoing, clientId: string): string[] {
  if (outgoing.kind !== 'reply') {
    // The shared text is joined onto, never made again: {"channel":…,"data":…}
    const head = '"version":"1.0",'
    const tail = ',"clientId":' + JSON.stringify(clientId)
    if (outgoing instanceof Events) return outgoing.texts(head, tail)
    return ['{' + head + outgoing.json.slice(1, -1) + tail + '}']
  }
  const { channel, successful, error = '', ...rest } = outgoing.message as ReplyMessage
  const acknowledges = channel !== undefined && !channel.startsWith('/meta/')
  return [JSON.stringify({ version: '1.0', channel: acknowledges ? undefined : channel, successful, error, ...rest })]
}
