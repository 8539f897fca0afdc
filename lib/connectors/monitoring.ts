import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connector, Figures, Metrics, Rates, Realtime } from '../../types/index.js'
import { IterableStream } from './iterable-stream.js'

type Gateway = Pick<Realtime, 'metrics' | 'health'>

// ms between two looks at the event loop.
const RESOLUTION = 10

/** Figures of this process and of the gateway, every `interval` ms. It costs nothing while nobody listens. */
export function monitoring (gateway: () => Gateway): Connector {
  return service => {
    const ended = new AbortController()
    return new IterableStream({
      messages: figuresEvery(Number(service.interval), gateway(), ended.signal),
      end: () => {},
      close: () => ended.abort()
    })
  }
}

/** The figures of each `ms` milliseconds, until the signal. */
export async function * figuresEvery (ms: number, gateway: Gateway, signal: AbortSignal): AsyncGenerator<Figures, void> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()
  try {
    while (!signal.aborted) {
      const begun = { at: performance.now(), cpu: process.cpuUsage(), metrics: gateway.metrics() }
      delay.reset()
      await sleep(ms, undefined, { signal, ref: false })
      const seconds = (performance.now() - begun.at) / 1000
      const { user, system } = process.cpuUsage(begun.cpu)
      const { rss, heapUsed } = process.memoryUsage()
      const metrics = gateway.metrics()
      const rates = ratesOf(begun.metrics, metrics, seconds)
      yield {
        pid: process.pid,
        cpu: round((user + system) / seconds / 1e4),
        rss,
        heap: heapUsed,
        uptime: Math.floor(process.uptime()),
        eventLoopDelay: meanOf(delay.mean),
        sessions: metrics.sessions,
        messagesPerSecond: round(rates.messagesIn + rates.messagesOut),
        rates,
        gateway: metrics,
        health: gateway.health()
      }
    }
  } finally {
    delay.disable()
  }
}

function ratesOf (before: Metrics, now: Metrics, seconds: number): Rates {
  const rate = (count: (metrics: Metrics) => number) => round((count(now) - count(before)) / seconds)
  return {
    messagesIn: rate(({ messagesIn }) => messagesIn),
    messagesOut: rate(({ messagesOut }) => messagesOut),
    published: rate(({ published }) => published),
    delivered: rate(({ delivered }) => delivered),
    handshakes: rate(({ handshakes }) => handshakes),
    refused: rate(({ refused }) => Object.values(refused).reduce((sum, count) => sum + count, 0))
  }
}

const round = (value: number) => Math.round(value * 10) / 10

// The histogram holds the time from one tick of its timer to the next, so the timer's own pace is in it.
function meanOf (nanoseconds: number): number {
  const mean = nanoseconds / 1e6 - RESOLUTION
  return Number.isFinite(mean) ? Math.max(0, round(mean)) : 0
}
