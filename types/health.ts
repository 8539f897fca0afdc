/** How a service stands, from what its conversations met: nothing is connected to find out. */
export interface ServiceHealth {
  /** False while it is down or reconnecting. */
  ok: boolean
  /**
   * - `unknown`: nobody has asked for it yet
   * - `up`: the last attempt to connect was successful
   * - `down`: it was not
   * - `reconnecting`: a shared service that broke, and is tried again
   */
  state: 'unknown' | 'up' | 'down' | 'reconnecting'
  /** When that began, in ms since 1970; null while it is unknown. */
  since: number | null
  /** Connections to it, now. */
  open: number
  /** While it is reconnecting: when it is tried next, in ms since 1970. */
  retryAt?: number
  /** The last error, as clients get it, and when that was. It stays when the service is back. */
  lastError: { error: string, at: number } | null
}

/** How this node and the bus that it shares with others are. */
export interface BackplaneHealth {
  /** Whether the bus is there. */
  ok: boolean
  /** Name of this node. */
  node: string
  /** Nodes that are there, this one among them. */
  nodes: number
  /** When the bus came, or went, in ms since 1970. */
  since: number
  /** Events of other nodes that may not have come, at most; since start. */
  missed: number
}

/** What `app.realtime.health()` says. Plain values, cheap to read, and a body for a route as they are. */
export interface Health {
  /** Whether all is well: the gateway takes sessions, and no service is known to be away, nor the bus. */
  ok: boolean
  /** `open`: it takes sessions; `full`: it has as many as it may; `closing`: it takes none any more. */
  state: 'open' | 'full' | 'closing'
  sessions: number
  services: Record<string, ServiceHealth>
  /** Where there are several nodes. */
  backplane?: BackplaneHealth
}
