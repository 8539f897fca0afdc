import type { FastifyBaseLogger } from 'fastify'
import type { Figures, Metrics, Realtime } from '../../types/index.js'

/** What is measured while somebody looks. */
export interface Beat {
  readonly figures: Figures
  readonly traffic: Traffic
}

/** Messages a second. */
export interface Traffic {
  /** By channel. */
  readonly published: ReadonlyMap<string, number>
  /** Of services and to them, by name. */
  readonly services: ReadonlyMap<string, { readonly in: number, readonly out: number }>
}

export interface PulseParts {
  readonly realtime: Pick<Realtime, 'on' | 'off' | 'metrics'>
  /** The figures of the gateway, at its own pace, until the signal. */
  readonly figures: (signal: AbortSignal) => AsyncIterable<Figures>
  readonly log: FastifyBaseLogger
}

// Channels that are counted between two beats; what is published to others meanwhile is not shown.
const CHANNELS = 1000

/** What all who look have in common: it beats while there is one, and costs nothing while there is none. */
export class Pulse {
  latest: Beat | null = null
  readonly #parts: PulseParts
  readonly #listeners = new Set<() => void>()
  #running: AbortController | null = null

  constructor (parts: PulseParts) {
    this.#parts = parts
  }

  /**
   * @param listener told of each beat
   * @returns looks no more
   */
  join (listener: () => void): () => void {
    this.#listeners.add(listener)
    if (this.#running === null) {
      const { signal } = this.#running = new AbortController()
      this.#run(signal).catch(error => {
        if (!signal.aborted) this.#parts.log.error({ err: error }, 'the monitor has no figures any more')
      })
    }
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      this.#running?.abort()
      this.#running = null
      this.latest = null
    }
  }

  async #run (signal: AbortSignal): Promise<void> {
    const { realtime } = this.#parts
    const meter = new Meter(realtime.metrics())
    realtime.on('publish', meter.count)
    try {
      for await (const figures of this.#parts.figures(signal)) {
        if (signal.aborted) return
        this.latest = { figures, traffic: meter.read(figures.gateway) }
        for (const listener of this.#listeners) listener()
      }
    } finally {
      realtime.off('publish', meter.count)
    }
  }
}

/** What is said on which channel and by which service, since it was read before. */
class Meter {
  #published = new Map<string, number>()
  #services: Metrics['services']
  #since = performance.now()

  constructor ({ services }: Metrics) {
    this.#services = services
  }

  /** For the event `publish`. */
  readonly count = (_session: unknown, channel: string): void => {
    if (channel.startsWith('/service/') || (this.#published.size >= CHANNELS && !this.#published.has(channel))) return
    this.#published.set(channel, (this.#published.get(channel) ?? 0) + 1)
  }

  read ({ services }: Metrics): Traffic {
    const seconds = (performance.now() - this.#since) / 1000
    const rate = (count: number) => Math.max(0, Math.round(count / seconds * 10) / 10)
    const traffic = {
      published: new Map([...this.#published].map(([channel, count]) => [channel, rate(count)])),
      services: new Map(Object.entries(services).map(([name, { messagesIn, messagesOut }]) => {
        const before = this.#services[name] ?? { messagesIn: 0, messagesOut: 0 }
        return [name, { in: rate(messagesIn - before.messagesIn), out: rate(messagesOut - before.messagesOut) }]
      }))
    }
    this.#published = new Map()
    this.#services = services
    this.#since = performance.now()
    return traffic
  }
}
