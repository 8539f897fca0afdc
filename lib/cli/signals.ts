/** Ctrl-C and SIGTERM end a server in order; a second one does not wait. */
import { constants } from 'node:os'

// npm passes the Ctrl-C on that the terminal has sent to its whole group: the same one arrives twice.
const SAME_KEYPRESS = 300

/**
 * @param end ends everything; the process then has nothing left to do
 * @param tell told what is going on
 */
export function endOnSignal (end: () => Promise<void>, tell: (text: string) => void): void {
  let since = -1
  const handle = (signal: NodeJS.Signals) => {
    if (since >= 0) {
      if (performance.now() - since > SAME_KEYPRESS) process.exit(128 + constants.signals[signal])
      return
    }
    since = performance.now()
    tell(`${signal}: closing`)
    end().catch((error: Error) => {
      process.stderr.write(`${error.message}\n`)
      process.exit(1)
    })
  }
  // Where the terminal goes away, so do the processes that services are.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, handle)
}
