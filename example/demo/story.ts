/** What happens at the server, told in its log: pages that were asked for, and the life of sessions. */
import type { FastifyInstance } from 'fastify'

/** Begins to tell. */
export function tellStory (app: FastifyInstance): void {
  const { log, realtime } = app
  app.addHook('onResponse', async (request, reply) => {
    const [path] = request.url.split('?')
    request.log.info(`${request.method} ${path} ${reply.statusCode}`)
  })
  realtime.on('handshake', session => log.info(`session ${session.number}: handshake from ${session.caller.address}`))
  // Nothing carries a session between two requests of long-polling.
  realtime.on('connect', session => log.info(`session ${session.number}: connected over ${session.transport}`))
  realtime.on('subscribe', (session, channel) => log.info(`session ${session.number}: subscribed to ${channel}`))
  realtime.on('unsubscribe', (session, channel) => log.info(`session ${session.number}: left ${channel}`))
  realtime.on('disconnect', (session, reason) => log.info(`session ${session.number}: gone (${reason})`))
}
