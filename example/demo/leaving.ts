/**
 * Pages that are closed. A session outlives its connection, for the network may come back and a page may be loaded
 * again. So a page that goes says so, and where its session connects no more, that ends soon, and not after `maxInterval`.
 * Where there are several workers the word may come to another than the one that has the session: each tells all.
 */
import type { FastifyInstance } from 'fastify'
import type { Extension } from 'fastify-bayeux'

// No page may subscribe to it or publish there: what it says are clientIds.
const LEAVING = '/demo/leaving'
const SOON = 5000
const TIMER = 'leaving'

/** Adds the route where a page says, by a beacon with its clientId, that it goes. */
export function endLeft (app: FastifyInstance): void {
  app.post<{ Body: string }>('/demo/leaving', { bodyLimit: 256 }, async ({ body }, reply) => {
    app.realtime.publish(LEAVING, body)
    reply.code(204)
  })
  app.realtime.subscribe(LEAVING, ({ data }) => {
    const session = app.realtime.sessions.get(data)
    session?.state.set(TIMER, setTimeout(() => session.disconnect('The page was closed'), SOON).unref())
  })
}

/** Lets a session live on that connects again: its page was loaded again. */
export const loadedAgain: Extension = {
  name: 'loaded again',
  incoming ({ channel }, session) {
    if (channel === '/meta/connect') clearTimeout(session?.state.get(TIMER) as NodeJS.Timeout | undefined)
  }
}
