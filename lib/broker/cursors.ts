import { coveringNames } from '../protocol/channel.js'
import { ALL, NEW } from '../protocol/replay.js'
import type { Eventually } from './after.js'
import type { Broker } from './broker.js'
import type { Recorder } from './recorder.js'

/** How many events are read at once. */
const PAGE = 100
/** Channels under a pattern that are looked up one by one when it gets its first subscriber. */
const MOST_CHANNELS = 100
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
  /** Patterns whose channels are all known: one that is not among them has begun later, and is handed out from its beginning. */
  readonly #patterns = new Set<string>()
  readonly #beginning = new Map<string, Promise<void>>()
  readonly #behind = new Set<string>()
  #timer: NodeJS.Timeout | null = null

  constructor (broker: Broker, recorder: Recorder) {
    this.#broker = broker
    this.#recorder = recorder
  }

  /**
   * Somebody is about to subscribe to a channel or pattern: from now on nothing of it may be missed. To be called when
   * others know of the interest.
   */
  begin (name: string): Eventually<void> {
    // What is heard of already is on its way: to skip to its end now would skip that.
    if (this.#ids.has(name) || this.#patterns.has(name) || this.#broker.subscriptions.has(name)) return
    const beginning = this.#beginning.get(name) ?? this.#begin(name).finally(() => this.#beginning.delete(name))
    this.#beginning.set(name, beginning)
    return beginning
  }

  async #begin (name: string): Promise<void> {
    try {
      if (!name.endsWith('*')) return await this.#stand(name)
      const channels = await this.#recorder.history.channels(name)
      if (channels.length > MOST_CHANNELS) return
      await Promise.all(channels.map(channel => this.#stand(channel)))
      this.#patterns.add(name)
    } catch (error) {
      // The subscription goes on without: the first event will say where its channel stands.
      this.#broker.log.debug({ err: error, channel: name }, 'a history could not be read')
    }
  }

  async #stand (channel: string): Promise<void> {
    if (this.#ids.has(channel) || this.#broker.subscriptions.interested(channel) > 0) return
    const page = await this.#recorder.history.since(channel, NEW, 1)
    if (page !== null && !this.#ids.has(channel)) this.#ids.set(channel, page.last)
  }

  /**
   * Hands out what this node has missed of a channel, up to an id.
   * @returns whether it has all of it now; it will be tried again where it has not
   */
  reach (channel: string, id: number): Eventually<boolean> {
    const from = this.#ids.get(channel) ?? this.#start(channel)
    if (from === null || id <= from || id <= 0) return true
    return this.#read(channel, from, id).then(undefined, error => {
      this.#broker.log.error({ err: error, channel }, 'a history could not be read')
      this.#later(channel)
      return false
    })
  }

  #start (channel: string): number | null {
    return this.#patterns.size > 0 && coveringNames(channel).some(name => this.#patterns.has(name)) ? ALL : null
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
    for (const pattern of this.#patterns) if (!this.#broker.subscriptions.has(pattern)) this.#patterns.delete(pattern)
  }

  /** The others are within reach again: what was published meanwhile is handed out. */
  catchUp (): void {
    for (const channel of this.#ids.keys()) this.#catchUp(channel)
    for (const pattern of this.#patterns) this.#catchUpUnder(pattern)
  }

  // Channels that have begun meanwhile.
  async #catchUpUnder (pattern: string): Promise<void> {
    try {
      for (const channel of await this.#recorder.history.channels(pattern)) if (!this.#ids.has(channel)) this.#catchUp(channel)
    } catch (error) {
      this.#broker.log.error({ err: error, channel: pattern }, 'a history could not be read')
    }
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
