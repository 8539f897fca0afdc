import { connect } from 'node:net'
import type { Connector } from '../../types/index.js'

/** A UNIX socket at `path`; a path that begins with `@` is an abstract one (Linux). */
export const unix: Connector = (service, { signal }) => {
  const path = String(service.path)
  return connect({
    path: path.startsWith('@') ? '\0' + path.slice(1) : path,
    allowHalfOpen: true,
    signal
  })
}
