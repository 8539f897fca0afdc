import { setTimeout as sleep } from 'node:timers/promises'

/** ms that a server may take for what nobody needs to wait for. */
const PATIENCE = 1000

/** Waits for what may fail, or may never happen. */
export async function patiently (answer: Promise<unknown>): Promise<void> {
  const enough = new AbortController()
  const late = sleep(PATIENCE, null, { signal: enough.signal }).catch(() => {})
  await Promise.race([answer.catch(() => {}), late])
  enough.abort()
}
