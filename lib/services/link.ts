import type { Link, LinkOwner } from '../../types/index.js'
import type { Refusal } from '../protocol/error.js'
import { Events } from '../protocol/events.js'
import type { Outgoing } from '../protocol/outgoing.js'
import type { Service } from './service.js'
import { Upstream, type UpstreamListener, type UpstreamParts } from './upstream.js'

// Messages that become one text at most, so that what waits for a slow client goes out in pieces.
const TOGETHER = 512

/**
 * One session's conversation with a service, over a connection of its own. It stops reading while its
 * owner is congested, so that nothing is lost.
 */
export class ServiceLink implements Link, UpstreamListener {
  readonly service: string
  readonly description: { readonly id: string, readonly type: string }
  readonly state = 'connected'
  readonly opened: Promise<Refusal | null>
  readonly #service: Service
  readonly #owner: LinkOwner
  readonly #upstream: Upstream

  /** @param first what to write once it is connected; null or undefined: nothing */
  constructor (id: string, parts: UpstreamParts, owner: LinkOwner, first: unknown) {
    this.#service = parts.service
    this.#owner = owner
    this.service = parts.service.name
    this.description = { id, type: parts.service.definition.type }
    this.#upstream = new Upstream(parts, this)
    this.opened = this.#open(first)
  }

  async #open (first: unknown): Promise<Refusal | null> {
    const refused = await this.#upstream.open()
    if (refused !== null || first === undefined || first === null) return refused
    const unwritten = await this.#upstream.write(first)
    if (unwritten !== null) this.#upstream.end()
    return unwritten
  }

  start (): void {
    this.#upstream.start()
    if (this.#owner.congested) this.#upstream.pause()
  }

  heard (data: readonly unknown[]): void {
    this.#owner.receive(this.#eventsOf(data))
    if (this.#owner.congested) this.#upstream.pause()
  }

  #eventsOf (data: readonly unknown[]): Outgoing[] {
    const events = []
    for (let from = 0; from < data.length; from += TOGETHER) events.push(new Events(this.#service.envelope, data.slice(from, from + TOGETHER)))
    return events
  }

  upstreamEnded (reason: string, error?: Refusal): void {
    this.#owner.linkEnded(this, reason, error)
  }

  write (data: unknown): Refusal | null | Promise<Refusal | null> {
    return this.#upstream.write(data)
  }

  resume (): void {
    this.#upstream.resume()
  }

  end (data?: unknown): void {
    this.#upstream.end(data)
  }
}
