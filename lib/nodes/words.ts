/**
 * What nodes say to each other, apart from events: a line of JSON that says what it is, and maybe lines of JSON texts that
 * are passed on as they are. Nodes trust each other: who may speak on the bus is the bus's affair (docs/scaling.md).
 */
import type { Caller, Member } from '../../types/index.js'
import type { Outgoing } from '../protocol/outgoing.js'

/** A message of a client for a session that lives elsewhere; the message itself is the line that follows. */
export interface RelayWord {
  say: 'relay'
  /** Of the connection, on the node that says it. */
  connection: number
  operation: string
  slot: number
  alone: boolean
  pushes: boolean
  bare: boolean
  caller: Caller
  clientId: string
  /** What a connect proves, as its node was told; absent where it brought nothing. */
  identity?: unknown
}

/** What each word carries; `from` is the node that says it. */
export type Word = { from: string } & (
  // Who is there
  | { say: 'beat', starts: number, last: number, members: number, hello: boolean }
  | { say: 'bye' }
  | { say: 'parted' }
  // What was missed
  | { say: 'ask', after: number, interests: string[] | null }
  | { say: 'missed', last: number | null, lost: number }
  // Sessions that live elsewhere: to their node
  | RelayWord
  | { say: 'adopt', caller: Caller, clientId: string }
  | { say: 'taken', connection: number, sent: number }
  | { say: 'gone', connection: number }
  | { say: 'probed', connection: number, alive: boolean }
  | { say: 'ended', clientId: string }
  // and from it
  | { say: 'answer', connection: number, clientId: string, slot: number, whole: boolean, sent: number }
  | { say: 'adopted', clientId: string, session: Adopted }
  | { say: 'kept', clientId: string }
  | { say: 'moved', clientId: string, node: string, relayed: WordOf<'relay'> | null }
  | { say: 'probe' | 'pause' | 'resume', connection: number }
  | { say: 'left', connection: number, clientId: string | null, heard: number }
  | { say: 'close', connection: number, reason: string }
  // The application
  | { say: 'deliver', clientId: string }
  | { say: 'disconnect', clientId: string, reason: string | null }
  | { say: 'call', call: number, clientId: string, method: string, params?: unknown, timeout: number | null }
  | { say: 'uncall', call: number, clientId: string }
  | { say: 'called', call: number, result?: unknown, error?: { code: string, message: string, cause?: unknown } }
  // Presence
  | { say: 'members', revision: number, whole: boolean, join: [channel: string, member: Member][], leave: [channel: string, id: string][] }
  | { say: 'members?' }
)

/** A session that has not connected yet, as it goes to the node where it does. */
export interface Adopted {
  readonly identity: unknown
  readonly caller: Caller
  readonly bound: boolean
  readonly ack: boolean
}

export type WordOf<Say extends Word['say']> = Extract<Word, { say: Say }>

/** A word without its speaker. */
export type Said = Word extends infer Each ? Each extends Word ? Omit<Each, 'from'> : never : never

export function spellWord (word: Word, lines: readonly string[]): string {
  return [JSON.stringify(word), ...lines].join('\n')
}

/** @throws SyntaxError where it is no word */
export function readWord (text: string): { word: Word, lines: string[] } {
  const [head = '', ...lines] = text.split('\n')
  return { word: JSON.parse(head) as Word, lines }
}

/** Messages as lines: each its kind and its JSON, which has no line breaks. */
export function spellMessages (messages: readonly Outgoing[]): string[] {
  return messages.flatMap(message => message.each()).map(({ kind, json }) => `${kind} ${json}`)
}

export function readMessages (lines: readonly string[]): { kind: Outgoing['kind'], json: string }[] {
  return lines.map(line => {
    const end = line.indexOf(' ')
    return { kind: line.slice(0, end) as Outgoing['kind'], json: line.slice(end + 1) }
  })
}
