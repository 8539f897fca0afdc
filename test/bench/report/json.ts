import { machine } from '../machine.js'
import { verdicts } from '../goals.js'
import type { Result } from '../measure.js'

/** Everything that was measured, every round of it. */
export function asJson (results: readonly Result[], begun: Date): string {
  return JSON.stringify({ begun, machine: machine(), results, goals: verdicts(results) }, null, 2) + '\n'
}
