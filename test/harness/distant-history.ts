/** A history that answers later, as a store on another machine does: the test says when. */
import type { EventMessage, History, HistoryPage, Keep, KeptEvent } from '../../lib/index.js'
import { coveringNames } from '../../lib/protocol/channel.js'

interface Kept {
  events: (KeptEvent & { readonly until: number })[]
  last: number
  dropped: number
}

/** Ids begin at 1 in each channel and leave gaps. */
export class DistantHistory implements History {
  readonly #channels = new Map<string, Kept>()
  readonly #way: (what: string) => Promise<void>
  closed = false

  /**
   * @param way how long a message takes to the store, and its answer back: both are waited for. What it rejects with
   * is what the call rejects with
   */
  constructor (way: (what: string) => Promise<void> = () => new Promise(resolve => setImmediate(resolve))) {
    this.#way = way
  }

  async append ({ channel, ...rest }: EventMessage, { size, ttl = Infinity }: Keep): Promise<number> {
    const event = JSON.parse(JSON.stringify({ channel, ...rest }))
    await this.#way('append')
    const kept = this.#of(channel)
    const id = kept.last += 3
    kept.events.push({ id, event, until: Date.now() + ttl })
    while (kept.events.length > size) this.#drop(kept)
    await this.#way('appended')
    return id
  }

  async since (channel: string, after: number, limit: number): Promise<HistoryPage | null> {
    await this.#way('since')
    const page = this.#page(this.#of(channel), after, limit)
    await this.#way('read')
    return page
  }

  async channels (pattern: string): Promise<string[]> {
    await this.#way('channels')
    const channels = [...this.#channels.keys()].filter(channel => coveringNames(channel).includes(pattern))
    await this.#way('listed')
    return channels
  }

  async close (): Promise<void> {
    this.closed = true
  }

  #page (kept: Kept, after: number, limit: number): HistoryPage | null {
    while (kept.events[0] !== undefined && kept.events[0].until <= Date.now()) this.#drop(kept)
    if (after >= 0 && (after < kept.dropped || after > kept.last)) return null
    const events = after === -1 ? [] : kept.events.filter(({ id }) => id > after).slice(0, limit)
    return { events: events.map(({ id, event }) => ({ id, event })), last: events.at(-1)?.id ?? kept.last }
  }

  #drop (kept: Kept): void {
    kept.dropped = kept.events.shift()?.id ?? kept.dropped
  }

  #of (channel: string): Kept {
    const kept = this.#channels.get(channel) ?? { events: [], last: 0, dropped: 0 }
    this.#channels.set(channel, kept)
    return kept
  }
}
