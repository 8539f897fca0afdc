import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connector, Figures, Metrics } from '../../types/index.js'
import { IterableStream } from './iterable-stream.js'

// ms between two looks at the event loop.
const RESOLUTION = 10

/**
 * Figures of this process and of the gateway, every `interval` ms. It costs nothing while nobody listens.
 * @param metrics what the gateway counts
 */
export function monitoring (metrics: () => Metrics): Connector {
  return service => {
    const ended = new AbortController()
    return new IterableStream({
      messages: figuresEvery(Number(service.interval), metrics, ended.signal),
      end: () => {},
      close: () => ended.abort()
    })
  }
}

async function * figuresEvery (ms: number, metrics: () => Metrics, signal: AbortSignal): AsyncGenerator<Figures> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()
  try {
    while (!signal.aborted) {
      const begun = { at: performance.now(), cpu: process.cpuUsage(), messages: messagesOf(metrics()) }
      delay.reset()
      await sleep(ms, undefined, { signal, ref: false })
      const seconds = (performance.now() - begun.at) / 1000
      const { user, system } = process.cpuUsage(begun.cpu)
      const { rss, heapUsed } = process.memoryUsage()
      const gateway = metrics()
      yield {
        pid: process.pid,
        cpu: round((user + system) / seconds / 1e4),
        rss,
        heap: heapUsed,
        uptime: Math.floor(process.uptime()),
        eventLoopDelay: meanOf(delay.mean),
        sessions: gateway.sessions,
        messagesPerSecond: round((messagesOf(gateway) - begun.messages) / seconds),
        gateway
      }
    }
  } finally {
    delay.disable()
  }
}

const messagesOf = ({ messagesIn, messagesOut }: Metrics) => messagesIn + messagesOut

const round = (value: number) => Math.round(value * 10) / 10

// The histogram holds the time from one tick of its timer to the next, so the timer's own pace is in it.
function meanOf (nanoseconds: number): number {
  const mean = nanoseconds / 1e6 - RESOLUTION
  return Number.isFinite(mean) ? Math.max(0, round(mean)) : 0
}
