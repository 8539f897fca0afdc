import { connect } from 'node:net'
import type { Connector } from '../../types/index.js'
import { keepAlive } from './keep-alive.js'

/** A TCP connection to `domain`:`port`; each side may end its half first. */
export const tcp: Connector = (service, { signal }) => keepAlive(connect({
  host: String(service.domain),
  port: Number(service.port),
  allowHalfOpen: true,
  signal
}))
