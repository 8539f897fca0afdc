/** The built-in connectors by name: the `type` of a service. */
import type { Connector, Realtime } from '../../types/index.js'
import { internal } from './internal.js'
import { monitoring } from './monitoring.js'
import { childProcess } from './process.js'
import { tcp } from './tcp.js'
import { tls } from './tls.js'
import { udp } from './udp.js'
import { unix } from './unix.js'
import { websocket } from './websocket.js'

/** @param gateway whose figures a `monitoring` service tells */
export function connectorsOf (gateway: () => Pick<Realtime, 'metrics' | 'health'>): Readonly<Record<string, Connector>> {
  return { tcp, tls, udp, unix, websocket, process: childProcess, internal, monitoring: monitoring(gateway) }
}
