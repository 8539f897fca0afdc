import { RealtimeError } from './error.js'
import { onAbort } from './on-abort.js'

export interface CallOptions {
  /** How long the answer may take, in ms; 10000 by default, `Infinity` for no end. Beyond it the call fails with `timeout`. */
  readonly timeout?: number
  /** Gives the call up: it fails with the signal's reason. */
  readonly signal?: AbortSignal
}

const DEFAULT_TIMEOUT = 10_000
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Waits for an answer, until the deadline or the signal.
 * @param what is called, for the error
 * @param run told how long it may take in ms, 0 for no end, and a signal that takes back what waits
 */
export async function withDeadline<Answer> (what: string, { timeout = DEFAULT_TIMEOUT, signal }: CallOptions, run: (signal: AbortSignal, timeout: number) => Promise<Answer>): Promise<Answer> {
  signal?.throwIfAborted()
  const over = new AbortController()
  const late = () => over.abort(new RealtimeError('timeout', `No answer to ${what} within ${timeout} ms`))
  const bounded = timeout <= LONGEST_TIMER
  const timer = bounded ? setTimeout(late, timeout) : undefined
  const release = onAbort(signal, () => over.abort(signal?.reason))
  try {
    return await new Promise((resolve, reject) => {
      onAbort(over.signal, () => reject(over.signal.reason))
      run(over.signal, bounded ? timeout : 0).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    release()
  }
}
