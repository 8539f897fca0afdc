import type { FastifyBaseLogger } from 'fastify'
import type { Box, ServiceDuplex, Session } from '../../types/index.js'
import { UNREADABLE } from '../encoding/index.js'
import type { Limits } from '../limits.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { breakOf, refusalOf } from './connect.js'
import { Interrupted } from './interrupted.js'
import { Opening, Unwanted } from './opening.js'
import type { Service } from './service.js'
import type { Complete } from './targets.js'
import { translatorOf, type Parcel, type Translator } from './translator.js'
import { WriteQueue } from './write-queue.js'

/** What an upstream is made of. */
export interface UpstreamParts {
  readonly service: Service
  /** Whom it is for; null where many share it. */
  readonly session: Session | null
  readonly limits: Limits
  readonly complete: Complete
  readonly log: FastifyBaseLogger
  /** Called when it begins, and once when its Duplex is gone or never came. */
  readonly onOpening: (upstream: Upstream) => void
  readonly onClosed: (upstream: Upstream) => void
}

/** Who listens to an upstream. */
export interface UpstreamListener {
  /** Messages of the service, all of one chunk together. */
  heard (data: readonly unknown[]): void
  /** The service ended it, or broke. Not called when we end it ourselves. */
  upstreamEnded (reason: string, error?: Refusal): void
}

// How long a service may take to end its half after we ended ours.
const LINGER = 5000

/**
 * One connection to a service: a Duplex, its framing and its encoding, from the first attempt to its end.
 * Back-pressure goes through it both ways: it can be paused, and what is written waits while the service
 * reads too slowly.
 */
export class Upstream {
  /** Why it could not be opened. */
  cause: unknown = null
  readonly #parts: UpstreamParts
  readonly #listener: UpstreamListener
  readonly #opening: Opening
  #duplex: ServiceDuplex | null = null
  #translator: Translator | null = null
  #queue: WriteQueue | null = null
  #idle: NodeJS.Timeout | null = null
  #readOnly = false
  #started = false
  #over = false
  #warned = false

  constructor (parts: UpstreamParts, listener: UpstreamListener) {
    this.#parts = parts
    this.#listener = listener
    this.#opening = new Opening(parts)
  }

  /** Connects, to the first target that lets us. @returns null, or why it could not; it never rejects */
  async open (): Promise<Refusal | null> {
    const { service, session, log, onOpening, onClosed } = this.#parts
    onOpening(this)
    const begun = performance.now()
    try {
      this.#take(await this.#opening.run())
    } catch (error) {
      this.#over = true
      onClosed(this)
      if (error instanceof Unwanted) return refusal(403, service.channel, 'Unsubscribed before it was connected')
      service.figures.errors++
      this.cause = error
      log.warn({ err: error }, 'the service could not be reached')
      const refused = refusalOf(error, service.channel)
      service.standing.unreachable(session, refused, error)
      return refused
    }
    service.figures.connectMs = Math.round(performance.now() - begun)
    service.standing.connected(session, service.figures.connectMs)
    return null
  }

  #take (duplex: ServiceDuplex): void {
    const { service: { framing, encoding, channel, definition, figures }, limits, onClosed } = this.#parts
    try {
      this.#translator = translatorOf(duplex, framing, encoding, limits.serviceMessage)
      this.#queue = new WriteQueue(duplex, limits, channel)
      this.#readOnly = !duplex.writable
      this.#greet()
    } catch (error) {
      duplex.destroy()
      throw error
    }
    this.#duplex = duplex
    figures.open++
    figures.opened++
    duplex.on('error', error => this.#broke(error))
    duplex.on('close', () => {
      figures.open--
      this.#finish('closed', refusal(502, channel, 'Service closed its connection'))
      onClosed(this)
    })
    if (definition.idleTimeout !== undefined) {
      this.#idle = setTimeout(() => this.#finish('idle'), definition.idleTimeout).unref()
    }
  }

  #greet (): void {
    const { service: { definition: { hello } }, session } = this.#parts
    if (hello === undefined) return
    const said: unknown = typeof hello === 'function' ? hello(session as Session) : hello
    for (const data of [said].flat()) {
      const parcel = this.#parcelOf(data)
      const written = typeof parcel === 'string' ? parcel : this.#write(parcel)
      if (typeof written === 'string') throw new Error(`hello could not be written: ${written}`)
    }
  }

  /** Begins to read; what the service said before has waited for this. */
  start (): void {
    const duplex = this.#duplex
    if (duplex === null || this.#started || this.#over) return
    this.#started = true
    duplex.on('end', () => this.#end())
    duplex.on('data', (chunk: Buffer | Box) => this.#read(chunk))
  }

  #read (chunk: Buffer | Box): void {
    if (this.#over) return
    const { figures } = this.#parts.service
    if (Buffer.isBuffer(chunk)) figures.bytesIn += chunk.length
    else if (Buffer.isBuffer(chunk.data)) figures.bytesIn += chunk.data.length
    this.#idle?.refresh()
    try {
      this.#hear((this.#translator as Translator).read(chunk))
    } catch (error) {
      if (error instanceof Interrupted) this.#hear(error.before)
      this.#broke(error instanceof Interrupted ? error.cause : error)
    }
  }

  #hear (all: readonly unknown[]): void {
    const { service } = this.#parts
    const good = all.filter(data => data !== UNREADABLE && service.accepts(data))
    if (good.length < all.length) this.#drop(all.length - good.length)
    service.figures.messagesIn += good.length
    if (good.length > 0) this.#listener.heard(good)
  }

  #drop (count: number): void {
    const { service: { definition, figures }, log } = this.#parts
    figures.dropped += count
    // One that speaks nonsense does so all day; the figures count the rest.
    if (!this.#warned) log.warn({ encoding: definition.encoding }, 'a message of the service could not be read, or does not fit its schema')
    this.#warned = true
  }

  #end (): void {
    if (this.#over) return
    try {
      this.#hear((this.#translator as Translator).end())
    } catch (error) {
      return this.#broke(error)
    }
    const { endedBy = null } = this.#duplex as ServiceDuplex
    if (endedBy === null) this.#finish('ended')
    else this.#broke(endedBy)
  }

  #broke (error: unknown): void {
    if (this.#over) return
    const { service, log } = this.#parts
    service.figures.errors++
    log.warn({ err: error }, 'the service broke')
    const [reason, refused] = breakOf(error, service.channel)
    this.#finish(reason, refused, error)
  }

  // The service's end of it: the listener is told.
  #finish (reason: string, error?: Refusal, cause?: unknown): void {
    if (this.#over) return
    this.#close()
    this.#parts.service.standing.ended(this.#parts.session, reason, error, cause)
    this.#listener.upstreamEnded(reason, error)
  }

  /**
   * Writes a client's data.
   * @returns null when it is on its way, or the refusal; a promise of either while the service reads too slowly
   */
  write (data: unknown): Refusal | null | Promise<Refusal | null> {
    const { service } = this.#parts
    if (this.#over || this.#queue === null) return refusal(404, service.channel, 'Service is not subscribed')
    const refused = this.#readOnly ? refusal(405, service.channel, 'Service is read-only') : service.refuse(data)
    if (refused !== null) return refused
    const parcel = this.#parcelOf(data)
    return typeof parcel === 'string' ? parcel : this.#write(parcel)
  }

  #write (parcel: Parcel): Refusal | null | Promise<Refusal | null> {
    const { figures } = this.#parts.service
    const written = (this.#queue as WriteQueue).write(parcel)
    if (typeof written === 'string') return written
    if (written !== null) figures.pauses++
    this.#count(parcel)
    this.#idle?.refresh()
    return written
  }

  #count ({ bytes }: Parcel): void {
    const { figures } = this.#parts.service
    figures.messagesOut++
    figures.bytesOut += bytes
  }

  #parcelOf (data: unknown): Parcel | Refusal {
    const { channel, definition: { encoding } } = this.#parts.service
    const parcel = (this.#translator as Translator).write(data)
    if (parcel === 413) return refusal(413, channel, 'Data is longer than the service can take')
    if (parcel === 422) return refusal(422, channel, `Data does not fit the ${encoding} of the service, or its framing`)
    return parcel
  }

  pause (): void {
    if (this.#started && !this.#over) this.#duplex?.pause()
  }

  resume (): void {
    if (this.#started && !this.#over) this.#duplex?.resume()
  }

  /** Ends it at our wish: writes `data`, if any, flushes, then ends. Nobody is told. */
  end (data?: unknown): void {
    if (this.#over) return
    if (this.#duplex === null) {
      this.#over = true
      return this.#opening.giveUp()
    }
    this.#parts.service.standing.ended(this.#parts.session, 'left')
    const said = data !== undefined && data !== null && this.#parts.service.refuse(data) === null
    const parcel = said ? this.#parcelOf(data) : ''
    if (typeof parcel === 'string') return this.#close()
    this.#count(parcel)
    this.#close(parcel)
  }

  /** Cuts it, whatever is still on its way. */
  destroy (): void {
    this.end()
    this.#duplex?.destroy()
  }

  // Ends our half with everything written; the service has a while to end its own, and is not listened to.
  #close (last?: Parcel): void {
    this.#over = true
    if (this.#idle !== null) clearTimeout(this.#idle)
    const duplex = this.#duplex as ServiceDuplex
    this.#queue?.end(last)
    duplex.removeAllListeners('data')
    // Nothing else would tell one that reads nothing that we have left.
    if (this.#readOnly) duplex.destroy()
    duplex.resume()
    const linger = setTimeout(() => duplex.destroy(), LINGER).unref()
    duplex.once('close', () => clearTimeout(linger))
  }
}
