/** The pages of the demo: the page itself, its files, and CometD's client as it comes from npm. */
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { cometdDirectory, pageDirectory } from './files.js'

/** Where the page is. */
export const PAGE = '/demo/realtime'

// CometD keeps its timers in a worker that it makes from a blob, so that background tabs stay alive.
const CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Adds the routes of the pages. */
export async function pages (app: FastifyInstance): Promise<void> {
  // The log is part of the show: a page that was asked for is worth a line, its twenty files are not.
  const quiet = { index: false, logLevel: 'warn' } as const
  await app.register(fastifyStatic, { ...quiet, root: pageDirectory, prefix: '/demo/page/' })
  await app.register(fastifyStatic, {
    ...quiet,
    root: cometdDirectory,
    prefix: '/demo/cometd/',
    decorateReply: false,
    allowedPath: path => path.endsWith('.js')
  })
  app.get('/', (_request, reply) => reply.redirect(PAGE))
  app.get(PAGE, (_request, reply) => reply.header('content-security-policy', CONTENT_SECURITY_POLICY).sendFile('index.html'))
}
