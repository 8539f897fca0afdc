/** Three nodes as they stand behind a balancer: each says who it is and how it is, and believes the balancer who its clients are. */
import { localBus } from '../../lib/index.js'
import { startGateway, type Gateway } from './gateway.js'
import { SocketClient } from './socket-client.js'
import { until } from './until.js'

type Test = { after: (fn: () => unknown) => unknown }

export interface BalancedNode extends Gateway {
  readonly port: number
  /** From now on it says that it takes no clients, though it does. */
  leave (): void
  /** Begins to close, and takes its time. @returns hurries it; resolves when it is closed */
  closeSlowly (): Promise<() => Promise<void>>
}

/** Starts them. `GET /who` tells the index of the node that answers, `GET /health` whether a balancer is to send it clients. */
export async function startBalancedNodes (t: Test): Promise<[BalancedNode, BalancedNode, BalancedNode]> {
  const bus = localBus()
  const nodes: BalancedNode[] = []
  for (const index of [0, 1, 2]) nodes.push(await startNode(t, index, bus))
  await until(() => nodes.every(({ app }) => app.realtime.metrics().nodes === 3), 'all nodes know each other')
  return nodes as [BalancedNode, BalancedNode, BalancedNode]
}

async function startNode (t: Test, index: number, bus: ReturnType<typeof localBus>): Promise<BalancedNode> {
  let leaving = false
  const gateway = await startGateway(t, { backplane: bus.node(), drain: 5000 }, {
    fastify: { trustProxy: '127.0.0.1' },
    before (app) {
      app.get('/who', async () => index)
      app.get('/health', async (_request, reply) => {
        const health = app.realtime.health()
        return reply.code(leaving || health.state === 'closing' ? 503 : 200).send(health)
      })
    }
  })
  return {
    ...gateway,
    port: Number(new URL(gateway.origin).port),
    leave: () => { leaving = true },
    async closeSlowly () {
      // Closing waits for one who reads nothing.
      const { ws } = await SocketClient.connect(t, gateway.wsUrl)
      ws.pause()
      const closed = gateway.app.close()
      return async () => {
        ws.terminate()
        await closed
      }
    }
  }
}
