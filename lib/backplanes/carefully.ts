import type { BackplaneEnds } from '../../types/index.js'

/**
 * Ends that throw nothing at the driver which calls them: drivers stop reading, or lose their place, when a listener
 * throws. It is a bug all the same, and is thrown where nobody catches it.
 */
export function carefully (ends: BackplaneEnds): BackplaneEnds {
  const safe = <A extends unknown[]>(call: (...values: A) => void) => (...values: A) => {
    try {
      call(...values)
    } catch (error) {
      setImmediate(() => { throw error })
    }
  }
  return {
    event: safe((payload, channel, interest) => ends.event(payload, channel, interest)),
    message: safe(text => ends.message(text)),
    absent: safe(node => ends.absent(node)),
    state: safe(up => ends.state(up)),
    trouble: safe(error => ends.trouble?.(error))
  }
}
