/** The built-in connectors by name: the `type` of a service. */
import type { Connector, Metrics } from '../../types/index.js'
import { internal } from './internal.js'
import { monitoring } from './monitoring.js'
import { childProcess } from './process.js'
import { tcp } from './tcp.js'
import { tls } from './tls.js'
import { udp } from './udp.js'
import { unix } from './unix.js'
import { websocket } from './websocket.js'

/** @param metrics what a `monitoring` service tells */
export function connectorsOf (metrics: () => Metrics): Readonly<Record<string, Connector>> {
  return { tcp, tls, udp, unix, websocket, process: childProcess, internal, monitoring: monitoring(metrics) }
}
