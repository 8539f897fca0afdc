import { refusal, type Refusal } from '../protocol/error.js'
import { Outgoing } from '../protocol/outgoing.js'
import { BackOff } from './back-off.js'
import type { Service } from './service.js'
import type { SharedLink } from './shared-link.js'
import { Snapshot, type SnapshotOptions } from './snapshot.js'
import type { Upstream, UpstreamListener } from './upstream.js'

/** How a service is shared. Times are in ms. */
export interface SharedOptions {
  /** How long the connection stays after the last subscriber left. */
  readonly linger: number
  readonly snapshot: SnapshotOptions
  /** Waits between attempts to come back; false: the end of the connection is the end for all. */
  readonly reconnect: false | { readonly min: number, readonly max: number }
}

/** What a shared service is made of. */
export interface SharedParts {
  readonly service: Service
  readonly options: SharedOptions
  /** Bytes of the snapshot at most. */
  readonly snapshotBytes: number
  /** Makes a connection; null where there are too many. */
  readonly upstream: (listener: UpstreamListener) => Upstream | null
}

// ms that handing events to the subscribers may take at a stretch.
const SLICE = 10
const LEFT = 'Unsubscribed before it was connected'

/**
 * One connection to a service for all its subscribers: opened for the first, closed a while after the
 * last, and made anew when it breaks. Each message is made once, however many take it. It waits for
 * nobody: who is slow is dropped, and nobody else notices.
 */
export class SharedService implements UpstreamListener {
  readonly service: Service
  readonly #parts: SharedParts
  readonly #snapshot: Snapshot
  readonly #backOff: BackOff | null
  // Who is subscribed, and of these who has its reply already and sees the events.
  readonly #members = new Set<SharedLink>()
  readonly #viewers = new Set<SharedLink>()
  #upstream: Upstream | null = null
  #opened: Promise<Refusal | null> | null = null
  #timer: NodeJS.Timeout | null = null
  // When its connection was made.
  #since = 0
  #waiting: Outgoing[] = []
  #last: (() => void) | null = null
  reconnecting = false

  constructor (parts: SharedParts) {
    const { service, options: { snapshot, reconnect }, snapshotBytes } = parts
    this.#parts = parts
    this.service = service
    this.#snapshot = new Snapshot(snapshot, snapshotBytes)
    this.#backOff = reconnect === false ? null : new BackOff(reconnect)
  }

  /** @returns null when it is connected, or on the way back; or why it could not be connected */
  async join (link: SharedLink): Promise<Refusal | null> {
    this.#members.add(link)
    if (this.reconnecting) return null
    this.#forgetTimer()
    const opening = this.#opened ??= this.#open()
    const refused = await opening
    if (refused !== null && this.#opened === opening) this.#opened = null
    return refused
  }

  /** The reply to a subscriber is on its way: now it gets the snapshot, then what comes. */
  show (link: SharedLink): void {
    link.receive(this.#snapshot.events)
    this.#viewers.add(link)
    this.#upstream?.start()
  }

  leave (link: SharedLink): void {
    this.#viewers.delete(link)
    if (!this.#members.delete(link) || this.#members.size > 0) return
    if (this.reconnecting) return this.#rest()
    this.#forgetTimer()
    this.#timer = setTimeout(() => this.#rest(), this.#parts.options.linger).unref()
  }

  write (data: unknown): Refusal | null | Promise<Refusal | null> {
    if (this.#upstream !== null && !this.reconnecting) return this.#upstream.write(data)
    return this.service.refuse(data) ?? refusal(503, this.service.channel, 'Service is reconnecting')
  }

  async #open (): Promise<Refusal | null> {
    const { channel } = this.service
    const upstream = this.#upstream = this.#parts.upstream(this)
    const refused = upstream === null ? refusal(503, channel, 'Too many connections to services') : await upstream.open()
    if (this.#upstream !== upstream) return refusal(403, channel, LEFT)
    if (refused !== null) this.#upstream = null
    this.#since = performance.now()
    return refused
  }

  // Events

  heard (data: readonly unknown[]): void {
    for (const each of data) this.#waiting.push(Outgoing.broadcast(this.service.envelope.message(each)))
    if (this.#last === null) this.#walk()
  }

  // Many events for many subscribers are handed out in slices, and the service waits for that alone.
  #walk (): void {
    const end = performance.now() + SLICE
    let at = 0
    while (at < this.#waiting.length && (at === 0 || performance.now() < end)) this.#show(this.#waiting[at++] as Outgoing)
    this.#waiting = at === this.#waiting.length ? [] : this.#waiting.slice(at)
    if (this.#waiting.length > 0) {
      this.#upstream?.pause()
      setImmediate(() => this.#walk())
      this.#last ??= () => this.#upstream?.resume()
      return
    }
    const last = this.#last
    this.#last = null
    last?.()
  }

  #show (event: Outgoing): void {
    this.#snapshot.add(event)
    for (const viewer of this.#viewers) viewer.offer(event)
  }

  // Its end, and its return

  upstreamEnded (reason: string, error?: Refusal): void {
    const end = () => this.#ended(reason, error)
    // What it said before is handed out first.
    if (this.#last === null) end()
    else this.#last = end
  }

  #ended (reason: string, error?: Refusal): void {
    if (this.#members.size === 0) return this.#rest()
    if (this.#backOff === null) {
      const members = [...this.#members]
      this.#rest()
      for (const link of members) link.finish(reason, error)
      return
    }
    this.reconnecting = true
    this.#retry(this.#backOff, performance.now() - this.#since, { reason, ...(error !== undefined && { error }) })
  }

  #retry (backOff: BackOff, lived: number, why: object): void {
    const wait = backOff.wait(lived)
    this.#upstream = null
    this.service.standing.reconnecting(wait)
    this.#tell({ state: 'reconnecting', ...why, wait })
    const timer = this.#timer = setTimeout(() => {
      this.#open().then(refused => {
        if (this.#timer !== timer) return
        if (refused === null) this.#returned()
        else this.#retry(backOff, 0, { reason: 'unreachable', error: refused })
      })
    }, wait)
  }

  #returned (): void {
    this.reconnecting = false
    this.#tell({ state: 'connected' })
    this.#upstream?.start()
  }

  #tell (service: object): void {
    const { channel } = this.service
    const event = Outgoing.broadcast({ channel, data: null, ext: { service } })
    for (const viewer of this.#viewers) viewer.offer(event)
  }

  // As if it had never been opened.
  #rest (): void {
    this.#forgetTimer()
    this.service.standing.rest()
    this.#members.clear()
    this.#viewers.clear()
    this.#snapshot.clear()
    this.#backOff?.reset()
    this.#upstream?.end()
    this.#upstream = null
    this.#opened = null
    this.#waiting = []
    this.#last = null
    this.reconnecting = false
  }

  #forgetTimer (): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
