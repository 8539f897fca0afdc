/** Ctrl-C and SIGTERM end the demo in order; a second one does not wait. */

// npm passes the Ctrl-C on that the terminal has sent to its whole group: the same one arrives twice.
const SAME_KEYPRESS = 300

/**
 * @param end ends everything; the process then has nothing left to do
 * @param warn told what is going on
 */
export function endOnSignal (end: () => Promise<void>, warn: (text: string) => void): void {
  let since = -1
  const handle = (signal: NodeJS.Signals) => {
    if (since >= 0) {
      if (performance.now() - since > SAME_KEYPRESS) process.exit(signal === 'SIGINT' ? 130 : 143)
      return
    }
    since = performance.now()
    warn(`${signal}: closing`)
    end().catch((error: Error) => {
      process.stderr.write(`${error.message}\n`)
      process.exit(1)
    })
  }
  process.on('SIGINT', handle)
  process.on('SIGTERM', handle)
}
