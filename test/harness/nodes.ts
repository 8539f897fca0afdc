/** Several gateways on one bus, each on a port of its own. */
import { localBus, type Backplane, type LocalNode, type RealtimeOptions } from '../../lib/index.js'
import { startGateway, type Gateway } from './gateway.js'
import { until } from './until.js'

type Test = { after: (fn: () => unknown) => unknown }

export type Node<Plane> = Gateway & { readonly backplane: Plane }
/** As many as were asked for; tests ask for three at least where they name three. */
export type Nodes<Plane> = [Node<Plane>, Node<Plane>, Node<Plane>, ...Node<Plane>[]]

/** Starts so many, and waits until they know each other. */
export async function startNodes<Plane extends Backplane> (t: Test, count: number, backplane: (index: number) => Plane | Promise<Plane>, options: RealtimeOptions | ((index: number) => RealtimeOptions) = {}): Promise<Nodes<Plane>> {
  const nodes: Node<Plane>[] = []
  for (let index = 0; index < count; index++) {
    const plane = await backplane(index)
    const own = typeof options === 'function' ? options(index) : options
    nodes.push({ ...await startGateway(t, { ...own, backplane: plane }), backplane: plane })
  }
  await until(() => nodes.every(({ app }) => app.realtime.metrics().nodes === count), 'all nodes know each other')
  return nodes as Nodes<Plane>
}

/** The same on a bus of this process, whose nodes can be cut off. */
export function startLocalNodes (t: Test, count: number, options: RealtimeOptions | ((index: number) => RealtimeOptions) = {}): Promise<Nodes<LocalNode>> {
  const bus = localBus()
  return startNodes(t, count, () => bus.node(), options)
}
