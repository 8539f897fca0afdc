/** Counts aloud: an event every 200 ms on one channel, so that a page can tell whether it has missed any. */
import type { FastifyInstance } from 'fastify'

/** The channel of the numbers. */
export const COUNTER = '/demo/counter'

const PACE = 200

/** Begins to count. What it says is `{ run, number }`: who starts again counts from 1, in another run. */
export function count (app: FastifyInstance): void {
  const run = Date.now()
  let number = 0
  const timer = setInterval(() => app.realtime.publish(COUNTER, { run, number: ++number }), PACE)
  app.addHook('preClose', async () => clearInterval(timer))
}
