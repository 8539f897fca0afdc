/** `import … from 'fastify-bayeux/client/timesync'`: the gateway's clock, learned along the way. */
import { TimeSyncExtension } from './cometd.js'
import type { ClientExtension } from './options.js'

/** Give it to the client in `extensions`, and ask it for the time. */
export interface TimeSync extends ClientExtension {
  /** The gateway's clock now, in ms since 1970; our own until something is known. */
  now (): number
  /** How far it is ahead of ours, in ms; negative where it is behind. */
  readonly offset: number
  /** How long a message takes one way, in ms. */
  readonly lag: number
}

/** An extension that learns the gateway's clock from its replies: one for each client. */
export function timesync (): TimeSync {
  const extension = new TimeSyncExtension()
  return {
    name: 'timesync',
    registered: (name, client) => extension.registered?.(name, client),
    incoming: message => extension.incoming?.(message),
    outgoing: message => extension.outgoing?.(message),
    now: () => Date.now() + extension.getTimeOffset(),
    get offset () { return extension.getTimeOffset() },
    get lag () { return extension.getNetworkLag() }
  }
}
