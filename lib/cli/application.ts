/** The server of the command: Fastify with the gateway, and nothing else. */
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { realtime } from '../plugin.js'
import type { Configuration } from './configuration.js'
import { WrongInput } from './wrong-input.js'

/** What the log is written to. */
export interface LogStream {
  write (json: string): unknown
}

/**
 * @param trustProxy addresses of proxies that are believed
 * @param stream takes the records of the log, each a line of JSON
 * @throws WrongInput where Fastify is missing, or refuses something
 */
export async function createApplication ({ options, logLevel: level }: Configuration, trustProxy: string | undefined, stream: LogStream): Promise<FastifyInstance> {
  const fastify = await importFastify()
  const app = create(fastify, { logger: { level, stream }, ...(trustProxy !== undefined && { trustProxy }) }, !['debug', 'trace'].includes(level))
  await app.register(realtime, options)
  return app
}

const load = () => import('fastify')

// It is a peer, so somebody else installs it, or nobody.
async function importFastify (): ReturnType<typeof load> {
  try {
    return await load()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new WrongInput('The package fastify is missing: npm install fastify')
  }
}

// A poll is a request, so a line for each is noise. An older Fastify 5 has an option where later ones have a class.
function create ({ fastify, LogController }: Awaited<ReturnType<typeof load>>, server: FastifyServerOptions, quiet: boolean): FastifyInstance {
  const requests = { disableRequestLogging: quiet }
  try {
    return fastify({ ...server, ...(LogController === undefined ? requests : { logController: new LogController(requests) }) })
  } catch (error) {
    if (server.trustProxy === undefined) throw error
    throw new WrongInput(`--trust-proxy: ${(error as Error).message}`)
  }
}
