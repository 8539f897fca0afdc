import { connect } from 'node:net'
import type { Connector } from '../../types/index.js'

/** A TCP connection to `domain`:`port`; each side may end its half first. */
export const tcp: Connector = (service, { signal }) => connect({
  host: String(service.domain),
  port: Number(service.port),
  allowHalfOpen: true,
  keepAlive: true,
  noDelay: true,
  signal
})
