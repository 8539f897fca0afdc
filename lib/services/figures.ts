/** What services count: one set of figures a service, and the sums of all. */
import type { ServiceFigures, ServiceMetrics } from '../../types/index.js'

export function noFigures (): ServiceFigures {
  return { open: 0, opened: 0, errors: 0, connectMs: 0, messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, pauses: 0, dropped: 0 }
}

/** The figures by name. Those of a service that was taken away live on in the sums. */
export class FigureBook {
  readonly #byName = new Map<string, ServiceFigures>()
  readonly #gone = noFigures()

  of (name: string): ServiceFigures {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const figures = noFigures()
    this.#byName.set(name, figures)
    return figures
  }

  /** A service is no more, and nobody speaks with it. */
  close (name: string): void {
    const figures = this.#byName.get(name)
    if (figures === undefined) return
    this.#byName.delete(name)
    add(this.#gone, figures)
  }

  metrics (): ServiceMetrics {
    const all = { ...this.#gone }
    const services: Record<string, ServiceFigures> = Object.create(null)
    for (const [name, figures] of this.#byName) {
      services[name] = { ...figures }
      add(all, figures)
    }
    return {
      servicePauses: all.pauses,
      serviceDropped: all.dropped,
      serviceErrors: all.errors,
      serviceEvents: all.messagesIn,
      serviceBytesIn: all.bytesIn,
      serviceBytesOut: all.bytesOut,
      serviceConnections: all.open,
      services
    }
  }
}

function add (sum: ServiceFigures, figures: ServiceFigures): void {
  for (const key of Object.keys(sum) as (keyof ServiceFigures)[]) sum[key] += figures[key]
}
