/** `import … from 'fastify-bayeux/client/reload'`: a page that is loaded again goes on with its session. */
import { ReloadExtension } from './cometd.js'
import { host } from './host.js'
import type { ClientExtension } from './options.js'

/**
 * An extension that keeps the session in `sessionStorage` while the page is loaded again, within the gateway's
 * `maxInterval`: what was published meanwhile comes. A page subscribes as it did before.
 */
export function reload (): ClientExtension {
  const extension = new ReloadExtension({ name: 'fastify-bayeux' })
  return {
    name: 'reload',
    incoming: message => extension.incoming?.(message),
    outgoing: message => extension.outgoing?.(message),
    registered (name, client: { reload?: () => void }) {
      extension.registered?.(name, client)
      // A page that the browser keeps as it is comes back as it is.
      host.addEventListener?.('pagehide', ({ persisted }) => persisted === true || client.reload?.())
    }
  }
}
