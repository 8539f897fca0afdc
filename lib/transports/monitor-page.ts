/**
 * The monitor page: `{path}/monitor`, and its files beside it. There is nothing in them that not everybody may know:
 * what the page shows comes over the gateway itself, for whom the option `monitor` allows it.
 */
import type { FastifyInstance, RouteShorthandOptions } from 'fastify'
import { serveBundled } from './bundled-files.js'

const HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer'
}

export function monitorPage (path: string, route: RouteShorthandOptions) {
  const page = `${path}/monitor`
  return async function scope (app: FastifyInstance): Promise<void> {
    // A host that takes a slash at the end for none: the page would look for its files below itself.
    app.addHook('onRequest', async ({ url }, reply) => url.split('?', 1)[0]?.endsWith('/') === true ? reply.redirect('../monitor') : undefined)
    serveBundled(app, 'monitor', { [page]: 'index.html', [`${page}.js`]: 'monitor.js', [`${page}.css`]: 'monitor.css', [`${page}.svg`]: 'monitor.svg' }, route, () => HEADERS)
  }
}
