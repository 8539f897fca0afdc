import { ALL, NEW } from '../protocol/replay.js'
import type { Eventually } from './after.js'
import type { Broker } from './broker.js'
import type { Recorder } from './recorder.js'

/** How many events are read at once. */
const PAGE = 100
// ms until a channel is looked at again that could not be read.
const AGAIN = 1000

/**
 * Where this node stands in the channels of a history that other nodes share: the id of the last event that it has
 * handed to its subscribers. Each event says which one was before it, so what got lost between two nodes is noticed,
 * read from the history and handed out in its place; and what comes twice is known by its id. It is kept only of
 * channels that this node hears of; a history of its own needs none.
 */
export class Cursors {
  readonly #broker: Broker
  readonly #recorder: Recorder
  readonly #ids = new Map<string, number>()
  readonly #beginning = new Map<string, Promise<void>>()
  readonly #behind = new Set<string>()
  #timer: NodeJS.Timeout | null = null

  constructor (broker: Broker, recorder: Recorder) {
    this.#broker = broker
    this.#recorder = recorder
  }

  /**
   * Somebody is about to subscribe to a channel: from now on nothing of it may be missed. To be called when others
   * know of the interest.
   */
  begin (channel: string): Eventually<void> {
    // Under a pattern it is heard of already: to skip to its end now would skip what is on its way.
    if (this.#ids.has(channel) || this.#broker.subscriptions.interested(channel) > 0) return
    const beginning = this.#beginning.get(channel) ?? this.#begin(channel).finally(() => this.#beginning.delete(channel))
    this.#beginning.set(channel, beginning)
    return beginning
  }

  async #begin (channel: string): Promise<void> {
    try {
      const page = await this.#recorder.history.since(channel, NEW, 1)
      if (page !== null && !this.#ids.has(channel)) this.#ids.set(channel, page.last)
    } catch (error) {
      // The subscription goes on without: the first event will say where the channel stands.
      this.#broker.log.debug({ err: error, channel }, 'a history could not be read')
    }
  }

  /**
   * Hands out what this node has missed of a channel, up to an id.
   * @returns whether it has all of it now; it will be tried again where it has not
   */
  reach (channel: string, id: number): Eventually<boolean> {
    const from = this.#ids.get(channel)
    if (from === undefined || id <= from) return true
    return this.#read(channel, from, id).then(undefined, error => {
      this.#broker.log.error({ err: error, channel }, 'a history could not be read')
      this.#later(channel)
      return false
    })
  }

  async #read (channel: string, from: number, upTo: number): Promise<boolean> {
    for (;;) {
      const page = await this.#recorder.history.since(channel, from, PAGE)
      if (page === null) {
        this.#broker.log.warn({ channel, after: from }, 'events were dropped from a history before this node had handed them out')
        from = ALL
        continue
      }
      for (const { id, event } of page.events) {
        if (id > upTo) return true
        from = id
        if (this.pass(channel, id)) this.#recorder.handOutKept(channel, event, id)
      }
      if (page.events.length < PAGE) return true
    }
  }

  /** An event is handed out now. @returns false where it was already */
  pass (channel: string, id: number): boolean {
    const from = this.#ids.get(channel)
    if (from !== undefined && id <= from) return false
    if (this.#broker.nodes?.hears(channel) === true) this.#ids.set(channel, id)
    return true
  }

  /** Nobody here hears of some channels any more: what is published now is not missed. */
  forget (): void {
    for (const channel of this.#ids.keys()) if (this.#broker.nodes?.hears(channel) !== true) this.#ids.delete(channel)
  }

  /** The others are within reach again: what was published meanwhile is handed out. */
  catchUp (): void {
    for (const channel of this.#ids.keys()) this.#catchUp(channel)
  }

  #catchUp (channel: string): void {
    this.#behind.delete(channel)
    const caught = this.#recorder.inLane(channel, () => this.reach(channel, Infinity))
    if (caught === undefined) this.#later(channel)
  }

  #later (channel: string): void {
    this.#behind.add(channel)
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      for (const each of [...this.#behind]) this.#catchUp(each)
    }, AGAIN).unref()
  }
}
