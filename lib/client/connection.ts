import { RealtimeError } from './error.js'
import type { TransportName } from './wire.js'

/** How a client is connected. */
export type Connection =
  /** It was not asked to connect yet. */
  | { readonly state: 'idle' }
  /** It tries to. */
  | { readonly state: 'connecting' }
  | { readonly state: 'connected', readonly transport: TransportName }
  /** The connection was lost, or could not be made. `until`: when the next attempt is, in ms since 1970. */
  | { readonly state: 'waiting', readonly until: number, readonly reason: RealtimeError }
  /** For good: `close()` was called (code `closed`), or the gateway said so. */
  | { readonly state: 'closed', readonly reason: RealtimeError }

/** What `connect()` waits for. */
export class Arrival {
  readonly promise: Promise<void>
  resolve: () => void = () => {}
  reject: (error: RealtimeError) => void = () => {}

  constructor () {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Not everybody waits.
    this.promise.catch(() => {})
  }
}
