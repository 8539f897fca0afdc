import type { FastifyBaseLogger } from 'fastify'
import type { Connector, Link, LinkOwner, ServiceCheck, ServiceEvent, ServiceHealth, ServiceMetrics, Services, Session, Watcher } from '../../types/index.js'
import type { Limits } from '../limits.js'
import type { Options, ServiceOptions } from '../options/index.js'
import { serviceChannel } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { FigureBook, noFigures } from './figures.js'
import { ServiceLink } from './link.js'
import { Service } from './service.js'
import { SharedLink } from './shared-link.js'
import { SharedService } from './shared-service.js'
import { Standing } from './standing.js'
import type { Complete } from './targets.js'
import { Upstream, type UpstreamListener, type UpstreamParts } from './upstream.js'

/** What the directory is made of; `plugin.ts` hands it over. */
export interface ServicesParts {
  readonly connectors: Readonly<Record<string, Connector>>
  readonly directory: Options['directory']
  readonly limits: Limits
  readonly complete: Complete
  readonly watcher: Watcher<ServiceEvent>
  readonly log: FastifyBaseLogger
}

/** A service, and the connection that its subscribers share where they do. */
interface Entry {
  readonly service: Service
  readonly shared: SharedService | null
}

const nobody: UpstreamListener = { heard () {}, upstreamEnded () {} }

/** The services by name: who is there, what clients learn of them, and the conversations with them. */
export class ServiceDirectory implements Services {
  readonly #entries = new Map<string, Entry>()
  // Those that feed pages of the gateway itself: nobody lists, replaces or deletes them.
  readonly #hidden = new Map<string, Entry>()
  readonly #parts: ServicesParts
  readonly #upstreams = new Set<Upstream>()
  readonly #figures = new FigureBook()
  #opened = 0

  constructor (parts: ServicesParts) {
    this.#parts = parts
  }

  has (name: string): boolean {
    return this.#entry(name) !== undefined
  }

  #entry (name: string): Entry | undefined {
    return this.#entries.get(name) ?? this.#hidden.get(name)
  }

  get names (): string[] {
    return [...this.#entries.keys()]
  }

  /** What there is, as it is defined now. */
  * definitions (): Generator<readonly [name: string, definition: ServiceOptions]> {
    for (const [name, { service }] of this.#entries) yield [name, service.definition]
  }

  definition (name: string): ServiceOptions | undefined {
    return this.#entry(name)?.service.definition
  }

  /** Adds or replaces a service. Whoever speaks with the one before goes on. */
  set (name: string, definition: ServiceOptions): void {
    const { connectors, limits, watcher } = this.#parts
    const service = new Service(name, definition, connectors[definition.type] as Connector, this.#figures.of(name), new Standing(name, watcher))
    const { shared: options } = definition
    const shared = options === false
      ? null
      : new SharedService({
        service,
        options,
        snapshotBytes: limits.outboxBytes / 2,
        upstream: listener => this.#full ? null : this.#upstream(service, null, listener)
      })
    this.#entries.set(name, { service, shared })
  }

  /** Adds a service of the gateway itself: who is allowed may use it, and nobody learns of it otherwise. */
  setHidden (name: string, definition: ServiceOptions, connector: Connector): void {
    const service = new Service(name, definition, connector, noFigures(), new Standing(name, this.#parts.watcher))
    this.#hidden.set(name, { service, shared: null })
  }

  /** Takes a service away. Whoever speaks with it goes on. @returns whether there was one */
  delete (name: string): boolean {
    const deleted = this.#entries.delete(name)
    this.#settle(name)
    return deleted
  }

  open (name: string, owner: LinkOwner, data: unknown): Link | Refusal {
    const entry = this.#entry(name)
    if (entry === undefined) return refusal(404, serviceChannel(name))
    const { service, shared } = entry
    const id = `${name}-${++this.#opened}`
    if (shared !== null) return new SharedLink(id, shared, owner, data)
    if (this.#full) return refusal(503, serviceChannel(name), 'Too many connections to services')
    return new ServiceLink(id, this.#upstreamParts(service, owner.session), owner, data)
  }

  /** Connects to a service as a subscriber would, says nothing, and leaves. */
  async check (name: string): Promise<ServiceCheck> {
    const entry = this.#entries.get(name)
    if (entry === undefined) return { ok: false, ms: 0, error: refusal(404, serviceChannel(name)) }
    const begun = performance.now()
    const { definition, connector, figures, standing } = entry.service
    if (definition.resolve !== undefined) return { ok: false, ms: 0, error: refusal(403, serviceChannel(name), 'Its target is found for each session') }
    const { hello, ...silent } = definition
    const service = new Service(name, silent as ServiceOptions, connector, figures, standing)
    const upstream = this.#upstream(service, null, nobody)
    const error = await upstream.open()
    const ms = Math.round(performance.now() - begun)
    upstream.end()
    return error === null ? { ok: true, ms } : { ok: false, ms, error, cause: upstream.cause }
  }

  metrics (): ServiceMetrics {
    return this.#figures.metrics()
  }

  /** How each service is, from what is known without connecting to it. */
  health (): Record<string, ServiceHealth> {
    const health: Record<string, ServiceHealth> = Object.create(null)
    for (const [name, { service: { standing, figures } }] of this.#entries) health[name] = standing.health(figures.open)
    return health
  }

  /** Cuts every conversation that is still open. */
  close (): void {
    for (const upstream of this.#upstreams) upstream.destroy()
  }

  directory (session: Session): Record<string, unknown> {
    const { directory } = this.#parts
    if (typeof directory === 'function') return directory(session)
    const listed: Record<string, unknown> = {}
    for (const [name, { service }] of this.#entries) {
      const { type, port, domain } = service.definition as ServiceOptions & { port?: number, domain?: string }
      listed[name] = directory === 'full' ? { type, port, domain } : { type }
    }
    return listed
  }

  get #full (): boolean {
    return this.#upstreams.size >= this.#parts.limits.upstreamSockets
  }

  #upstream (service: Service, session: Session | null, listener: UpstreamListener): Upstream {
    return new Upstream(this.#upstreamParts(service, session), listener)
  }

  #upstreamParts (service: Service, session: Session | null): UpstreamParts {
    const { limits, complete, log } = this.#parts
    return {
      service,
      session,
      limits,
      complete,
      log: (session?.log ?? log).child({ service: service.name }),
      onOpening: upstream => { this.#upstreams.add(upstream) },
      onClosed: upstream => {
        this.#upstreams.delete(upstream)
        this.#settle(service.name)
      }
    }
  }

  // Figures of a service that was taken away, once nobody speaks with it.
  #settle (name: string): void {
    if (!this.#entries.has(name) && this.#figures.of(name).open === 0) this.#figures.close(name)
  }
}
