/**
 * Pages that are closed. A session outlives its connection, for the network may come back and a page may be loaded
 * again. So a page that goes says so, and where its session connects no more, that ends soon, and not after `maxInterval`.
 */
import type { FastifyInstance } from 'fastify'
import type { Extension } from 'fastify-bayeux'

const SOON = 5000
const TIMER = 'leaving'

/** Adds the route where a page says, by a beacon with its clientId, that it goes. */
export function endLeft (app: FastifyInstance): void {
  app.post<{ Body: string }>('/demo/leaving', { bodyLimit: 256 }, async ({ body }, reply) => {
    const session = app.realtime.sessions.get(body)
    session?.state.set(TIMER, setTimeout(() => session.disconnect('The page was closed'), SOON).unref())
    reply.code(204)
  })
}

/** Lets a session live on that connects again: its page was loaded again. */
export const loadedAgain: Extension = {
  name: 'loaded again',
  incoming ({ channel }, session) {
    if (channel === '/meta/connect') clearTimeout(session?.state.get(TIMER) as NodeJS.Timeout | undefined)
  }
}
