/**
 * What travels from node to node on a channel of the bus (docs/scaling.md): a line that says whose it is, then the JSON of
 * the event as subscribers get it, which no node makes again. What begins with `{` is no envelope: somebody who is no
 * node has published.
 */
import type { Appended } from '../../types/index.js'

export interface Envelope {
  /** Who sent it, and its number there: numbers of one node only grow. */
  readonly node: string
  readonly number: number
  /** Where it is kept in a history that all nodes share. */
  readonly kept: Appended | null
  readonly json: string
}

export function spellEnvelope (node: string, number: number, kept: Appended | null, json: string): string {
  return kept === null ? `${node} ${number}\n${json}` : `${node} ${number} ${kept.id} ${kept.before}\n${json}`
}

/** @returns null where it is none */
export function readEnvelope (payload: string): Envelope | null {
  const end = payload.indexOf('\n')
  const head = payload.slice(0, Math.max(end, 0))
  const first = head.indexOf(' ')
  const second = head.indexOf(' ', first + 1)
  // Most events are kept nowhere: then there is one number.
  const number = Number(head.slice(first + 1, second === -1 ? end : second))
  if (first < 1 || !Number.isSafeInteger(number)) return null
  return { node: head.slice(0, first), number, kept: second === -1 ? null : readKept(head.slice(second + 1)), json: payload.slice(end + 1) }
}

function readKept (numbers: string): Appended | null {
  const [id, before] = numbers.split(' ').map(Number)
  return Number.isSafeInteger(id) && Number.isSafeInteger(before) ? { id, before } as Appended : null
}
