import type { Link, LinkOwner } from '../../types/index.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { SharedService } from './shared-service.js'

/** One session's part in a shared service: it takes what all take, and costs the others nothing. */
export class SharedLink implements Link {
  readonly service: string
  readonly description: { readonly id: string, readonly type: string }
  readonly opened: Promise<Refusal | null>
  readonly #shared: SharedService
  readonly #owner: LinkOwner
  #started = false
  #over = false

  constructor (id: string, shared: SharedService, owner: LinkOwner, first: unknown) {
    const { name, definition } = shared.service
    this.#shared = shared
    this.#owner = owner
    this.service = name
    this.description = { id, type: definition.type }
    this.opened = this.#open(first)
  }

  async #open (first: unknown): Promise<Refusal | null> {
    const refused = await this.#shared.join(this) ?? (first === undefined || first === null ? null : await this.write(first))
    if (this.#over) return refusal(403, this.#shared.service.channel, 'Unsubscribed before it was connected')
    if (refused !== null) this.end()
    return refused
  }

  get state (): 'connected' | 'reconnecting' {
    return this.#shared.reconnecting ? 'reconnecting' : 'connected'
  }

  start (): void {
    if (this.#over || this.#started) return
    this.#started = true
    this.#shared.show(this)
  }

  /** What was said before it came. */
  receive (events: readonly Outgoing[]): void {
    this.#owner.receive(events)
  }

  /** Takes an event; a client that reads too slowly loses its subscription, and is told. */
  offer (event: Outgoing): void {
    if (this.#over || this.#owner.offer(event)) return
    this.end()
    this.#owner.linkEnded(this, 'too slow', refusal(413, this.#shared.service.channel, 'Too many events wait: read faster'))
  }

  /** The service is over, and will not come back. */
  finish (reason: string, error?: Refusal): void {
    if (this.#over) return
    this.#over = true
    this.#owner.linkEnded(this, reason, error)
  }

  write (data: unknown): Refusal | null | Promise<Refusal | null> {
    return this.#shared.write(data)
  }

  // The others go on: what is shared waits for nobody.
  resume (): void {}

  end (data?: unknown): void {
    if (this.#over) return
    this.#over = true
    if (data !== undefined && data !== null) this.#shared.write(data)
    this.#shared.leave(this)
  }
}
