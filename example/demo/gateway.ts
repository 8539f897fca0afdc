/** The server that a browser speaks to: the gateway, what the demo adds to it, and the pages. */
import Fastify, { LogController, type FastifyInstance } from 'fastify'
import realtime, { type RealtimeOptions } from 'fastify-bayeux'
import { CHAT, chat, infoOf } from './chat.js'
import type { Configuration } from './configuration.js'
import { endLeft, loadedAgain } from './leaving.js'
import { pages } from './pages.js'
import { mayMonitor, policy } from './policy.js'
import { tellStory } from './story.js'

/**
 * A server with nothing in it but its log.
 * @param stream takes each record as JSON
 * @param msgPrefix stands before every message
 */
export function createServer (stream: { write (json: string): void }, msgPrefix: string = ''): FastifyInstance {
  return Fastify({ logger: { level: 'info', stream, msgPrefix }, logController: new LogController({ disableRequestLogging: true }) })
}

/** Puts gateway and pages on a server. @param more what only some of the demo's servers have */
export async function addGateway (app: FastifyInstance, configuration: Configuration, { extensions = [], ...more }: RealtimeOptions = {}): Promise<void> {
  // What a file cannot say: who is in the chat, by name.
  const channels = { ...configuration.channels, [CHAT]: { ...configuration.channels?.[CHAT], presence: infoOf } }
  await app.register(realtime, { ...configuration, ...more, channels, policy, extensions: [chat, loadedAgain, ...extensions], monitor: { authorize: mayMonitor } })
  tellStory(app)
  endLeft(app)
  await app.register(pages)
}
