/** Advice: what the server asks a client to do next (docs/protocol.md, section 3). */

/** `retry`: connect again; `handshake`: the session is gone, start over; `none`: stop. */
export type Reconnect = 'retry' | 'handshake' | 'none'

/** All times are in milliseconds. */
export interface Advice {
  reconnect: Reconnect
  /** How long to wait before the next connect. */
  interval?: number
  /** How long a connect is held. */
  timeout?: number
  /** How long a session lives without a connection. */
  maxInterval?: number
  /** Other sessions of this browser poll too: this one comes back at `interval`. */
  'multiple-clients'?: boolean
  /** Other names of the gateway, to be tried in this order. */
  hosts?: readonly string[]
}

/** The session is gone: shake hands again, after `interval` ms. */
export function adviseHandshake (interval: number = 0): Advice {
  return { reconnect: 'handshake', interval }
}

/** Stop: trying again will not help. */
export function adviseNone (): Advice {
  return { reconnect: 'none' }
}

/** Come back `interval` ms from now. */
export function adviseRetry (interval: number): Advice {
  return { reconnect: 'retry', interval }
}
