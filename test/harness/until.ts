import { setTimeout as sleep } from 'node:timers/promises'

/** Longer than anything here takes on a busy machine; a test that waits so long has failed. */
export const DEADLINE = 20_000

/** Waits until a condition holds. */
export async function until (condition: () => unknown, what: string = condition.toString()): Promise<void> {
  const end = Date.now() + DEADLINE
  while (!await condition()) {
    if (Date.now() > end) throw new Error(`never came true: ${what}`)
    await sleep(5)
  }
}

/** Waits for a promise, with a deadline. */
export async function within<T> (promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`never happened: ${what}`)), DEADLINE)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
