import { until } from '../harness/until.js'
import { startBus, type Bus, type BusKind } from './buses.js'
import { startServer, type Measured } from './process.js'
import type { Settings } from './targets/target.js'

/** Several nodes on a bus, each in a process of its own. As one server it is its first node, and costs what all of them do. */
export interface Cluster extends Measured {
  readonly bus: Bus
  readonly nodes: readonly [Measured, ...Measured[]]
}

/** Starts so many, which know each other when it resolves. */
export async function startCluster (kind: BusKind, count: number, { profile, ...settings }: Settings): Promise<Cluster> {
  const bus = await startBus(kind)
  // Where a profile is wanted, it is that of the first.
  const settingsOf = (index: number) => ({ ...settings, ...(index === 0 && profile !== undefined && { profile }), bus: { kind, port: bus.port } })
  const started = await Promise.allSettled(Array.from({ length: count }, (_, index) => startServer('gateway', settingsOf(index))))
  const nodes = started.flatMap(each => each.status === 'fulfilled' ? [each.value] : []) as [Measured, ...Measured[]]
  const stop = async () => {
    await Promise.all(nodes.map(node => node.stop()))
    await bus.stop()
  }
  try {
    if (nodes.length < count) throw new Error(`${count - nodes.length} of ${count} nodes did not start`)
    await until(async () => (await Promise.all(nodes.map(node => node.metrics()))).every(metrics => metrics.nodes === count), 'all nodes know each other')
  } catch (error) {
    await stop()
    throw error
  }
  return { ...nodes[0], bus, nodes, stop, cpu: async () => (await Promise.all(nodes.map(node => node.cpu()))).reduce((sum, each) => sum + each, 0) }
}
