import type { Duplex } from 'node:stream'
import type { Limits } from '../limits.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { Parcel } from './translator.js'

interface Waiting {
  readonly parcel: Parcel
  readonly deadline: number
  readonly settle: (refused: Refusal | null) => void
}

/**
 * What clients write to a service that reads slowly. It is acknowledged when it is written, and what is
 * refused was not written: while the Duplex holds more than `serviceWaiting` bytes the next message waits,
 * for `serviceBusy` ms at most, and no more than `serviceBound` bytes wait in all.
 */
export class WriteQueue {
  readonly #duplex: Duplex
  readonly #limits: Limits
  readonly #channel: string
  #waiting: Waiting[] = []
  // Bytes that wait here, and that the Duplex holds.
  #bytes = 0
  #held = 0
  #timer: NodeJS.Timeout | null = null
  #corked = false

  constructor (duplex: Duplex, limits: Limits, channel: string) {
    this.#duplex = duplex
    this.#limits = limits
    this.#channel = channel
    duplex.on('close', () => this.#refuseAll(refusal(502, channel, 'Service closed its connection')))
  }

  /** @returns null once it is written, or why it is not */
  write (parcel: Parcel): Refusal | null | Promise<Refusal | null> {
    if (!this.#duplex.writable) return refusal(502, this.#channel, 'Service reads no more')
    if (this.#waiting.length === 0 && this.#takes()) {
      this.#hand(parcel)
      return null
    }
    if (this.#held + this.#bytes + parcel.bytes > this.#limits.serviceBound) return this.#busy()
    return new Promise(resolve => {
      this.#bytes += parcel.bytes
      this.#waiting.push({ parcel, settle: resolve, deadline: performance.now() + this.#limits.serviceBusy })
      this.#timer ??= setTimeout(() => this.#expire(), this.#limits.serviceBusy)
    })
  }

  /** Writes what waits, and `last`, then ends the Duplex. */
  end (last?: Parcel): void {
    if (!this.#duplex.writable) return this.#refuseAll(refusal(502, this.#channel, 'Service reads no more'))
    for (const { parcel, settle } of this.#empty()) {
      this.#duplex.write(parcel.chunk)
      settle(null)
    }
    if (last !== undefined) this.#duplex.write(last.chunk)
    this.#duplex.end()
  }

  #takes (): boolean {
    return this.#held <= this.#limits.serviceWaiting
  }

  #hand ({ chunk, bytes }: Parcel): void {
    this.#held += bytes
    this.#cork()
    this.#duplex.write(chunk, error => {
      this.#held -= bytes
      // What could not be written is the end of the Duplex, and what waits is refused with it.
      if (error == null) this.#drain()
    })
  }

  // What one read of clients brings leaves in one write.
  #cork (): void {
    if (this.#corked) return
    this.#corked = true
    this.#duplex.cork()
    process.nextTick(() => {
      this.#corked = false
      this.#duplex.uncork()
    })
  }

  #busy (): Refusal {
    return refusal(503, this.#channel, 'Service is busy')
  }

  #drain (): void {
    while (this.#waiting.length > 0 && this.#takes()) {
      const { parcel, settle } = this.#waiting.shift() as Waiting
      this.#bytes -= parcel.bytes
      this.#hand(parcel)
      settle(null)
    }
  }

  #expire (): void {
    this.#timer = null
    const now = performance.now()
    while (this.#waiting[0] !== undefined && this.#waiting[0].deadline <= now) {
      const { parcel, settle } = this.#waiting.shift() as Waiting
      this.#bytes -= parcel.bytes
      settle(this.#busy())
    }
    const next = this.#waiting[0]
    if (next !== undefined) this.#timer = setTimeout(() => this.#expire(), Math.max(1, next.deadline - now))
  }

  #refuseAll (refused: Refusal): void {
    for (const { settle } of this.#empty()) settle(refused)
  }

  #empty (): Waiting[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    return waiting
  }
}
