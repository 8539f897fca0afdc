/** The pages of the demo: the page itself, and its files. Its client is served by the gateway. */
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { pageDirectory } from './files.js'

/** Where the page is. */
const PAGE = '/demo/realtime'

// The client keeps its timers in a worker that it makes from a blob, so that background tabs stay alive.
const CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Adds the routes of the pages. */
export async function pages (app: FastifyInstance): Promise<void> {
  // The log is part of the show: a page that was asked for is worth a line, its twenty files are not.
  await app.register(fastifyStatic, { index: false, logLevel: 'warn', root: pageDirectory, prefix: '/demo/page/' })
  app.get('/', (_request, reply) => reply.redirect(PAGE))
  app.get(PAGE, (_request, reply) => reply.header('content-security-policy', CONTENT_SECURITY_POLICY).sendFile('index.html'))
}

/** The URL of the page. */
export function pageUrl (host: string, port: number): string {
  // An address that means "all of them" is none that a browser can open.
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}${PAGE}`
}
