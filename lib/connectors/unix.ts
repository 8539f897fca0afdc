import { connect } from 'node:net'
import type { Connector } from '../../types/index.js'

/**
 * A UNIX socket at `path`; a path that begins with `@` is an abstract one (Linux). Node 20 fills the name of
 * an abstract one up with NUL, and finds only services that do the same.
 */
export const unix: Connector = (service, { signal }) => {
  const path = String(service.path)
  return connect({
    path: path.startsWith('@') ? '\0' + path.slice(1) : path,
    allowHalfOpen: true,
    signal
  })
}
