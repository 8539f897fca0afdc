import { fanOut, fanOutPolling } from './fan-out.js'
import { idle } from './idle.js'
import { nodes } from './nodes.js'
import { nodesDelivery } from './nodes-delivery.js'
import { publish } from './publish.js'
import { relayDown } from './relay-down.js'
import { roundTrip } from './round-trip.js'
import { subscriptions } from './subscriptions.js'
import { withBackplane } from './with-backplane.js'
import { withChannelOptions } from './with-channels.js'
import type { Workload } from './workload.js'

/** All work that is measured, in the order of the report. */
export const workloads: readonly Workload[] = [...relayDown, ...roundTrip, ...fanOut, ...fanOutPolling, ...publish, ...subscriptions, ...idle, ...withBackplane, ...withChannelOptions, ...nodes, ...nodesDelivery]
