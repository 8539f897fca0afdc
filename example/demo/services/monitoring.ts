/** The service `monitoring`: each second one JSON line of figures, of this process and of the gateway. */
import type { Socket } from 'node:net'
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import type { Metrics } from 'fastify-bayeux'
import { say, textService, type TextService } from './text-service.js'

const PERIOD = 1000
const RESOLUTION = 10

/** @param metrics what the gateway counts */
export function monitoring (metrics: () => Metrics): TextService {
  const listeners = new Set<Socket>()
  const sampler = new Sampler(metrics)
  let timer: NodeJS.Timeout | null = null
  return textService(socket => {
    if (timer === null) {
      sampler.start()
      timer = setInterval(() => {
        const line = sampler.line()
        for (const listener of listeners) say(listener, line)
      }, PERIOD)
    }
    listeners.add(socket)
    socket.on('close', () => {
      listeners.delete(socket)
      if (listeners.size > 0 || timer === null) return
      clearInterval(timer)
      timer = null
      sampler.stop()
    })
    socket.resume()
  })
}

/** Turns counters into figures of the time since it last looked; it costs nothing while nobody listens. */
class Sampler {
  readonly #metrics: () => Metrics
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION })
  #at = 0
  #cpu = process.cpuUsage()
  #messages = 0

  constructor (metrics: () => Metrics) {
    this.#metrics = metrics
  }

  start (): void {
    this.#delay.enable()
    this.#begin()
  }

  stop (): void {
    this.#delay.disable()
  }

  line (): string {
    const seconds = (performance.now() - this.#at) / 1000
    const { user, system } = process.cpuUsage(this.#cpu)
    const { sessions, messagesIn, messagesOut } = this.#metrics()
    const figures = {
      pid: process.pid,
      cpu: round((user + system) / seconds / 1e4),
      rss: process.memoryUsage.rss(),
      uptime: Math.floor(process.uptime()),
      eventLoopDelay: this.#meanDelay(),
      sessions,
      messagesPerSecond: round((messagesIn + messagesOut - this.#messages) / seconds)
    }
    this.#begin()
    return JSON.stringify(figures)
  }

  #begin (): void {
    const { messagesIn, messagesOut } = this.#metrics()
    this.#at = performance.now()
    this.#cpu = process.cpuUsage()
    this.#messages = messagesIn + messagesOut
    this.#delay.reset()
  }

  // The histogram holds the time from one tick of its timer to the next, so the timer's own pace is in it.
  #meanDelay (): number {
    const mean = this.#delay.mean / 1e6 - RESOLUTION
    return Number.isFinite(mean) ? Math.max(0, round(mean)) : 0
  }
}

function round (value: number): number {
  return Math.round(value * 10) / 10
}
