import { middle, type Result } from './measure.js'
import type { Figures } from './workloads/workload.js'

/** A bound that the gateway is to keep: its figure is at most so many times that of another contender. */
export interface Goal {
  readonly work: string
  readonly figure: keyof Figures
  /** The contender that is compared, the gateway by default. */
  readonly ours?: string
  readonly against: string
  readonly atMost: number
}

const OURS = 'fastify-bayeux'
const NODEFONY = 'fastify-bayeux (Nodefony dialect)'

/** The goals, in the order of the work. */
export const goals: readonly Goal[] = [
  ...['relay-70-1', 'relay-70-50'].flatMap(work => [OURS, NODEFONY].map(ours => ({ work, figure: 'cpu' as const, ours, against: 'loop: joined lines', atMost: 1.5 }))),
  ...['relay-1024-1', 'relay-1024-50'].flatMap(work => [OURS, NODEFONY].map(ours => ({ work, figure: 'cpu' as const, ours, against: 'loop: joined lines', atMost: 1.15 }))),
  { work: 'round-trip', figure: 'cpu', against: 'websockify (Python, no envelope)', atMost: 0.5 },
  { work: 'round-trip', figure: 'cpu', against: 'loop: joined lines', atMost: 1.35 },
  { work: 'latency', figure: 'p50', against: 'loop: ws.send a line', atMost: 1.15 },
  { work: 'fan-out-1000-1', figure: 'cpu', against: 'Socket.IO', atMost: 0.6 },
  { work: 'fan-out-1000-1', figure: 'cpu', against: 'Faye', atMost: 0.33 },
  { work: 'fan-out-1000-1', figure: 'cpu', against: 'loop: one frame', atMost: 1.15 },
  { work: 'fan-out-1000-16', figure: 'cpu', against: 'Socket.IO', atMost: 0.2 },
  { work: 'fan-out-1000-16', figure: 'cpu', against: 'Faye', atMost: 0.09 },
  { work: 'fan-out-1000-16', figure: 'cpu', against: 'loop: joined writes', atMost: 2.5 },
  { work: 'polls-200-1', figure: 'cpu', against: 'cometd-nodejs-server', atMost: 0.65 },
  { work: 'polls-200-1', figure: 'cpu', against: 'parked Fastify route', atMost: 1.15 },
  { work: 'polls-200-16', figure: 'cpu', against: 'cometd-nodejs-server', atMost: 0.56 },
  { work: 'polls-200-16', figure: 'cpu', against: 'parked Fastify route', atMost: 1 },
  { work: 'publish-websocket', figure: 'cpu', against: 'Socket.IO', atMost: 0.55 },
  { work: 'publish-websocket', figure: 'cpu', against: 'loop: joined writes', atMost: 1.35 },
  { work: 'publish-http-1', figure: 'cpu', against: 'Faye', atMost: 0.8 },
  { work: 'publish-http-1', figure: 'cpu', against: 'Fastify route', atMost: 1.15 },
  { work: 'publish-http-50', figure: 'cpu', against: 'Faye', atMost: 0.65 },
  { work: 'publish-http-50', figure: 'cpu', against: 'Fastify route', atMost: 1.35 },
  { work: 'subscriptions-100000', figure: 'cpu', against: 'Faye', atMost: 0.65 },
  { work: 'subscriptions-100000', figure: 'cpu', against: 'loop: matching, joined writes', atMost: 1.25 },
  { work: 'subscriptions-100000', figure: 'heap', against: 'Faye', atMost: 0.7 },
  { work: 'idle-websocket', figure: 'heap', against: 'Socket.IO', atMost: 0.7 },
  { work: 'idle-websocket', figure: 'heap', against: 'Fastify WebSocket', atMost: 1.35 },
  { work: 'idle-websocket', figure: 'idle', against: 'Socket.IO', atMost: 0.35 },
  { work: 'idle-websocket', figure: 'idle', against: 'Faye', atMost: 0.35 },
  { work: 'idle-polling', figure: 'heap', against: 'Faye', atMost: 0.9 },
  { work: 'idle-polling', figure: 'heap', against: 'parked Fastify route', atMost: 1.4 },
  { work: 'idle-polling', figure: 'idle', against: 'cometd-nodejs-server', atMost: 0.35 },
  { work: 'idle-polling', figure: 'idle', against: 'Faye', atMost: 0.35 },
  { work: 'idle-polling', figure: 'idle', against: 'Socket.IO', atMost: 0.35 },
  ...['backplane-fan-out-1', 'backplane-fan-out-16'].map(work => ({ work, figure: 'cpu' as const, ours: `${OURS}, NATS`, against: OURS, atMost: 1.15 })),
  { work: 'backplane-idle', figure: 'heap', ours: `${OURS}, NATS`, against: OURS, atMost: 1.05 },
  ...['channels-publish-websocket', 'channels-fan-out'].map(work => ({ work, figure: 'cpu' as const, ours: `${OURS}, options of other channels`, against: OURS, atMost: 1.05 }))
]

/** A goal with what was measured; NaN where one side has no figure. */
export interface Verdict extends Goal {
  readonly ratio: number
  /** What the gateway has beside its name: a dialect, an option; `''`: nothing. */
  readonly variant: string
}

/** The goals of the work that was measured. */
export function verdicts (results: readonly Result[]): Verdict[] {
  return goals.flatMap(goal => {
    const result = results.find(({ name }) => name === goal.work)
    if (result === undefined) return []
    const figureOf = (name: string) => {
      const found = result.contenders.find(each => each.name === name)
      return found === undefined ? NaN : middle(found, goal.figure)
    }
    const { ours = OURS, against } = goal
    return [{ ...goal, ratio: figureOf(ours) / figureOf(against), variant: ours.slice(OURS.length).replace(/^, | \((.*)\)$/, '$1') }]
  })
}

/** How a cost grows with its size: 100 000 subscriptions against 1 000. */
export function growth (results: readonly Result[]): number {
  const cpuOf = (work: string) => {
    const ours = results.find(({ name }) => name === work)?.contenders.find(({ name }) => name === OURS)
    return ours === undefined ? NaN : middle(ours, 'cpu')
  }
  return cpuOf('subscriptions-100000') / cpuOf('subscriptions-1000')
}
