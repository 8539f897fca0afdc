import type { History, HistoryPage, Keep, KeptEvent, ReplayFrom } from '../../types/index.js'
import type { Limits } from '../limits.js'
import { coveringNames } from '../protocol/channel.js'
import type { EventMessage } from '../protocol/message.js'
import { ALL, NEW } from '../protocol/replay.js'
import { now } from './wheel.js'

/** An event as text, until somebody asks for it: most are never asked for. */
class Entry {
  readonly id: number
  /** ms on the clock of `now`. */
  readonly until: number
  readonly bytes: number
  #text: string
  #kept: KeptEvent | null = null

  constructor (id: number, text: string, until: number) {
    this.id = id
    this.until = until
    this.bytes = Buffer.byteLength(text)
    this.#text = text
  }

  /** Always the same object, so that what is made of it once does for all. */
  get kept (): KeptEvent {
    if (this.#kept === null) {
      this.#kept = { id: this.id, event: JSON.parse(this.#text) }
      this.#text = ''
    }
    return this.#kept
  }
}

/** What is kept of one channel, oldest first. */
class Shelf {
  /** The last id that was dropped, of this channel or of what it may have been before. */
  floor: number
  bytes = 0
  #entries: Entry[] = []
  #head = 0

  constructor (floor: number) {
    this.floor = floor
  }

  get size (): number {
    return this.#entries.length - this.#head
  }

  add (entry: Entry, size: number): void {
    this.#entries.push(entry)
    this.bytes += entry.bytes
    this.expire()
    while (this.size > size) this.drop()
  }

  /** Drops what is too old by now: there is no timer. */
  expire (): void {
    const time = now()
    while (this.size > 0 && (this.#entries[this.#head] as Entry).until <= time) this.drop()
  }

  /** Drops the oldest. */
  drop (): void {
    const { id, bytes } = this.#entries[this.#head++] as Entry
    this.floor = id
    this.bytes -= bytes
    if (this.#head * 2 <= this.#entries.length && this.size > 0) return
    this.#entries = this.#entries.slice(this.#head)
    this.#head = 0
  }

  /** The oldest after an id. */
  after (id: number, limit: number): KeptEvent[] {
    const from = this.#find(id)
    return this.#entries.slice(from, from + limit).map(({ kept }) => kept)
  }

  // The first place with a greater id.
  #find (id: number): number {
    let low = this.#head
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle] as Entry).id > id) high = middle
      else low = middle + 1
    }
    return low
  }
}

/**
 * The history in memory. It is bounded over all channels: where there is too much, the channel that was published to
 * longest ago is forgotten first.
 */
export class MemoryHistory implements History {
  readonly #limits: Pick<Limits, 'historyBytes' | 'historyChannels'>
  /** Those that were published to longest ago first. */
  readonly #shelves = new Map<string, Shelf>()
  /** The channels under each pattern. */
  readonly #under = new Map<string, Set<string>>()
  #bytes = 0
  // One count for all channels, from the time of the start on: no id of a life before, or of a channel that was
  // forgotten meanwhile, can be taken for one of now.
  #last = Date.now() * 1000
  /** The last id of a channel that is forgotten. */
  #forgotten = this.#last

  constructor (limits: Pick<Limits, 'historyBytes' | 'historyChannels'>) {
    this.#limits = limits
  }

  append (event: EventMessage, { size, ttl = Infinity }: Keep): number {
    const { channel } = event
    const text = JSON.stringify(event)
    const shelf = this.#take(channel)
    const before = shelf.bytes
    shelf.add(new Entry(++this.#last, text, now() + ttl), size)
    this.#bytes += shelf.bytes - before
    this.#shrink()
    return this.#last
  }

  since (channel: string, after: ReplayFrom, limit: number): HistoryPage | null {
    const shelf = this.#shelves.get(channel)
    if (shelf !== undefined) this.#expire(shelf)
    const gone = after < (shelf?.floor ?? this.#forgotten) || after > this.#last
    if (after >= 0 && gone) return null
    const events = shelf === undefined || after === NEW ? [] : shelf.after(after === ALL ? 0 : after, limit)
    return { events, last: events.at(-1)?.id ?? this.#last }
  }

  channels (pattern: string): string[] {
    return [...this.#under.get(pattern) ?? []]
  }

  close (): void {
    this.#shelves.clear()
    this.#under.clear()
    this.#bytes = 0
  }

  // Its channel is now the one that was published to last.
  #take (channel: string): Shelf {
    let shelf = this.#shelves.get(channel)
    if (shelf === undefined) {
      shelf = new Shelf(this.#forgotten)
      for (const pattern of patternsOver(channel)) {
        const under = this.#under.get(pattern)
        if (under === undefined) this.#under.set(pattern, new Set([channel]))
        else under.add(channel)
      }
    } else this.#shelves.delete(channel)
    this.#shelves.set(channel, shelf)
    return shelf
  }

  #expire (shelf: Shelf): void {
    const before = shelf.bytes
    shelf.expire()
    this.#bytes += shelf.bytes - before
  }

  #shrink (): void {
    const { historyBytes, historyChannels } = this.#limits
    while (this.#bytes > historyBytes || this.#shelves.size > historyChannels) {
      const [channel, shelf] = this.#shelves.entries().next().value as [string, Shelf]
      const before = shelf.bytes
      // The last one left loses its oldest events only.
      if (this.#shelves.size > 1) this.#forget(channel, shelf)
      else shelf.drop()
      this.#bytes += shelf.bytes - before
    }
  }

  #forget (channel: string, shelf: Shelf): void {
    while (shelf.size > 0) shelf.drop()
    this.#forgotten = Math.max(this.#forgotten, shelf.floor)
    this.#shelves.delete(channel)
    for (const pattern of patternsOver(channel)) {
      const under = this.#under.get(pattern)
      under?.delete(channel)
      if (under?.size === 0) this.#under.delete(pattern)
    }
  }
}

function patternsOver (channel: string): string[] {
  return coveringNames(channel).slice(1)
}
