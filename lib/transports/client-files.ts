/** The client for browsers: `{path}/client.js` and its like. Public, like any script. */
import type { FastifyInstance, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { serveBundled } from './bundled-files.js'

const NAMES = ['client', 'client.global', 'client.nodefony', 'client.reload', 'client.timesync', 'client.binary', 'client.digest'].flatMap(name => [`${name}.js`, `${name}.js.map`])

/** A day, and then a glance; a page that names the version in its address (`?v=`) needs not even that. */
const CACHE = 'public, max-age=86400, stale-while-revalidate=604800'
const CACHE_VERSION = 'public, max-age=31536000, immutable'

export function clientFiles (path: string, route: RouteShorthandOptions) {
  return async function scope (app: FastifyInstance): Promise<void> {
    serveBundled(app, 'client', Object.fromEntries(NAMES.map(name => [`${path}/${name}`, name])), route, headersOf)
  }
}

function headersOf ({ query }: FastifyRequest): Record<string, string> {
  return {
    'access-control-allow-origin': '*',
    'cache-control': typeof query === 'object' && query !== null && 'v' in query ? CACHE_VERSION : CACHE,
    'cross-origin-resource-policy': 'cross-origin'
  }
}
