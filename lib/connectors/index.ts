/** The built-in connectors by name: the `type` of a service. */
import type { Connector } from '../../types/index.js'
import { tcp } from './tcp.js'
import { tls } from './tls.js'
import { unix } from './unix.js'

export const connectors: Readonly<Record<string, Connector>> = { tcp, tls, unix }
