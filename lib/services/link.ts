import type { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import type { Connector, DataDecoder, Encoding, FrameDecoder, Framing, Link, LinkOwner } from '../../types/index.js'
import { UNREADABLE } from '../encoding/index.js'
import { FrameTooLong } from '../framing/frame-too-long.js'
import type { Limits } from '../limits.js'
import type { ServiceOptions } from '../options.js'
import { serviceChannel } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { EventMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import { connect, refusalOf } from './connect.js'
import type { ServiceCounters } from './services.js'
import { WriteQueue } from './write-queue.js'

/** What a link is made of. */
export interface LinkParts {
  readonly name: string
  readonly id: string
  readonly definition: ServiceOptions
  readonly connector: Connector
  readonly framing: Framing
  readonly encoding: Encoding
  readonly owner: LinkOwner
  readonly limits: Limits
  readonly counters: ServiceCounters
  readonly log: FastifyBaseLogger
  /** Called once, when its Duplex is gone or never came. */
  readonly onClosed: () => void
}

// How long a service may take to end its half after we ended ours.
const LINGER = 5000

/**
 * One session's conversation with a service: a Duplex, its framing and its encoding.
 *
 * Back-pressure goes through it both ways: it stops reading while its owner is congested, and what a
 * client writes waits, unacknowledged, while the service reads too slowly.
 */
export class ServiceLink implements Link {
  readonly service: string
  readonly description: { readonly id: string, readonly type: string }
  readonly opened: Promise<Refusal | null>
  readonly #parts: LinkParts
  readonly #channel: string
  readonly #abort = new AbortController()
  readonly #frames: FrameDecoder
  readonly #data: DataDecoder
  #duplex: Duplex | null = null
  #queue: WriteQueue | null = null
  #idle: NodeJS.Timeout | null = null
  #started = false
  #over = false

  constructor (parts: LinkParts, first: unknown) {
    this.#parts = parts
    this.service = parts.name
    this.#channel = serviceChannel(parts.name)
    this.description = { id: parts.id, type: parts.definition.type }
    this.#frames = parts.framing.decoder(parts.limits.serviceMessage)
    this.#data = parts.encoding.decoder(parts.framing.whole)
    this.opened = this.#open(first)
  }

  async #open (first: unknown): Promise<Refusal | null> {
    const { connector, definition, limits, log, owner, onClosed } = this.#parts
    const { signal } = this.#abort
    const ms = definition.connectTimeout ?? limits.upstreamConnect
    const timeout = setTimeout(() => this.#abort.abort(Object.assign(new Error(`not connected within ${ms} ms`), { code: 'ETIMEDOUT' })), ms)
    try {
      const duplex = await connect(connector, definition, { session: owner.session, signal, log })
      if (signal.aborted) {
        // It was ended in the same turn in which it was connected.
        duplex.destroy()
        throw signal.reason
      }
      this.#take(duplex)
    } catch (error) {
      this.#over = true
      onClosed()
      if (signal.aborted && signal.reason instanceof Unsubscribed) return refusal(403, this.#channel, 'Unsubscribed before it was connected')
      log.warn({ err: error }, 'the service could not be reached')
      return refusalOf(error, this.#channel)
    } finally {
      clearTimeout(timeout)
    }
    if (first === undefined || first === null) return null
    const refused = await this.write(first)
    if (refused !== null) this.end()
    return refused
  }

  #take (duplex: Duplex): void {
    const { limits, onClosed, definition } = this.#parts
    this.#duplex = duplex
    this.#queue = new WriteQueue(duplex, limits, this.#channel)
    duplex.on('error', error => this.#broke(error))
    duplex.on('close', () => {
      this.#finish('closed', refusal(502, this.#channel, 'Service closed its connection'))
      onClosed()
    })
    if (definition.idleTimeout !== undefined) {
      this.#idle = setTimeout(() => this.#finish('idle'), definition.idleTimeout).unref()
    }
  }

  start (): void {
    const duplex = this.#duplex
    if (duplex === null || this.#started || this.#over) return
    this.#started = true
    duplex.on('end', () => this.#end())
    duplex.on('data', (chunk: Buffer) => this.#read(chunk))
    if (this.#parts.owner.congested) duplex.pause()
  }

  #read (chunk: Buffer): void {
    if (this.#over) return
    const { owner, counters } = this.#parts
    counters.serviceBytesIn += chunk.length
    this.#idle?.refresh()
    try {
      this.#deliver(this.#frames.push(chunk))
    } catch (error) {
      if (!(error instanceof FrameTooLong)) return this.#broke(error)
      this.#deliver(error.before)
      return this.#finish('too large', refusal(413, this.#channel, error.message))
    }
    if (owner.congested) this.#duplex?.pause()
  }

  #deliver (frames: readonly Buffer[], last?: unknown): void {
    const events: Outgoing[] = []
    const { ext } = this.#parts.encoding
    const add = (data: unknown) => {
      if (data === UNREADABLE) this.#drop()
      else if (data !== undefined) events.push(Outgoing.event({ channel: this.#channel, data, ...(ext !== undefined && { ext }) } as EventMessage))
    }
    for (const frame of frames) add(this.#data.push(frame))
    add(last)
    this.#parts.counters.serviceEvents += events.length
    if (events.length > 0) this.#parts.owner.receive(events)
  }

  #drop (): void {
    this.#parts.counters.serviceDropped++
    this.#parts.log.warn({ encoding: this.#parts.definition.encoding }, 'a message of the service could not be read')
  }

  #end (): void {
    if (this.#over) return
    try {
      this.#deliver(this.#frames.end(), this.#data.end())
      this.#finish('ended')
    } catch (error) {
      this.#broke(error)
    }
  }

  #broke (error: unknown): void {
    if (this.#over) return
    this.#parts.log.warn({ err: error }, 'the service broke')
    this.#finish('broken', refusal(502, this.#channel, 'Service broke'))
  }

  // The service's end of it: the client is told.
  #finish (reason: string, error?: Refusal): void {
    if (this.#over) return
    this.#close()
    this.#parts.owner.linkEnded(this, reason, error)
  }

  write (data: unknown): Refusal | null | Promise<Refusal | null> {
    if (this.#over || this.#queue === null) return refusal(404, this.#channel, 'Service is not subscribed')
    const bytes = this.#bytesOf(data)
    if (bytes === null) return refusal(422, this.#channel, `Data does not fit the ${this.#parts.definition.encoding} of the service, or its framing`)
    this.#parts.counters.serviceBytesOut += bytes.length
    this.#idle?.refresh()
    const written = this.#queue.write(bytes)
    if (written instanceof Promise) this.#parts.counters.servicePauses++
    return written
  }

  #bytesOf (data: unknown): Buffer | null {
    const encoded = this.#parts.encoding.encode(data)
    return encoded === null ? null : this.#parts.framing.encode(encoded)
  }

  resume (): void {
    if (this.#started && !this.#over) this.#duplex?.resume()
  }

  end (data?: unknown): void {
    if (this.#over) return
    if (this.#duplex === null) return this.#abort.abort(new Unsubscribed())
    const bytes = data === undefined || data === null ? null : this.#bytesOf(data)
    this.#close(bytes ?? undefined)
  }

  /** Cuts it, whatever is still on its way. */
  destroy (): void {
    this.end()
    this.#duplex?.destroy()
  }

  // Ends our half with everything written; the service has a while to end its own, and is not listened to.
  #close (last?: Buffer): void {
    this.#over = true
    if (this.#idle !== null) clearTimeout(this.#idle)
    const duplex = this.#duplex as Duplex
    this.#queue?.end(last)
    duplex.removeAllListeners('data')
    duplex.resume()
    const linger = setTimeout(() => duplex.destroy(), LINGER).unref()
    duplex.once('close', () => clearTimeout(linger))
  }
}

class Unsubscribed extends Error {}
