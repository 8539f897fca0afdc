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
  const [node = '', ...numbers] = payload.slice(0, Math.max(end, 0)).split(' ')
  const [number = NaN, id, before] = numbers.map(Number)
  if (node === '' || !Number.isSafeInteger(number)) return null
  const kept = Number.isSafeInteger(id) && Number.isSafeInteger(before) ? { id, before } as Appended : null
  return { node, number, kept, json: payload.slice(end + 1) }
}
