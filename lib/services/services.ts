import type { Connector, Link, LinkOwner, Services, Session } from '../../types/index.js'
import { encodings } from '../encoding/index.js'
import { framingOf } from '../framing/index.js'
import type { Limits } from '../limits.js'
import type { Options, ServiceOptions } from '../options.js'
import { serviceChannel } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { ServiceLink } from './link.js'

/** What the services count, since start. */
export class ServiceCounters {
  servicePauses = 0
  serviceEvents = 0
  serviceDropped = 0
  serviceBytesIn = 0
  serviceBytesOut = 0
}

/** What the directory is made of; `plugin.ts` hands it over. */
export interface ServicesParts {
  readonly definitions: Readonly<Record<string, ServiceOptions>>
  readonly connectors: Readonly<Record<string, Connector>>
  readonly directory: Options['directory']
  readonly limits: Limits
}

/** The services by name: who is there, what clients learn of them, and the conversations with them. */
export class ServiceDirectory implements Services {
  readonly counters = new ServiceCounters()
  readonly #definitions: ReadonlyMap<string, ServiceOptions>
  readonly #parts: ServicesParts
  readonly #links = new Set<ServiceLink>()
  #opened = 0

  constructor (parts: ServicesParts) {
    this.#parts = parts
    this.#definitions = new Map(Object.entries(parts.definitions))
  }

  has (name: string): boolean {
    return this.#definitions.has(name)
  }

  open (name: string, owner: LinkOwner, data: unknown): Link | Refusal {
    const definition = this.#definitions.get(name)
    if (definition === undefined) return refusal(404, serviceChannel(name))
    const { limits, connectors } = this.#parts
    if (this.#links.size >= limits.upstreamSockets) return refusal(503, serviceChannel(name), 'Too many connections to services')
    const link = new ServiceLink({
      name,
      id: `${name}-${++this.#opened}`,
      definition,
      connector: connectors[definition.type] as Connector,
      framing: framingOf(definition.framing),
      encoding: encodings[definition.encoding],
      owner,
      limits,
      counters: this.counters,
      log: owner.session.log.child({ service: name }),
      onClosed: () => { this.#links.delete(link) }
    }, data)
    this.#links.add(link)
    return link
  }

  /** Cuts every conversation that is still open. */
  close (): void {
    for (const link of this.#links) link.destroy()
  }

  directory (session: Session): Record<string, unknown> {
    const { directory } = this.#parts
    if (typeof directory === 'function') return directory(session)
    const listed: Record<string, unknown> = {}
    for (const [name, { type, port, domain }] of this.#definitions as ReadonlyMap<string, ServiceOptions & { port?: number, domain?: string }>) {
      listed[name] = directory === 'full' ? { type, port, domain } : { type }
    }
    return listed
  }
}
