import { interestKeys } from '../protocol/channel.js'
import type { Outgoing } from '../protocol/outgoing.js'
import type { Session } from '../../types/index.js'
import { Few } from './few.js'

/** Somebody who is interested in channels: a session, or a listener of the application. */
export interface Subscriber {
  /** The last publish that reached it, so that overlapping patterns deliver once. */
  stamp: number
  take (event: Outgoing, publisher: Session | null): void
}

const NOBODY: readonly Subscriber[] = []

/**
 * Who is interested in what. A wildcard stands only in the last segment, so a channel of d segments
 * is d + 2 look-ups, however many subscriptions there are; never a scan.
 */
export class Subscriptions {
  readonly #byKey = new Map<string, Few<Subscriber>>()
  #stamp = 0
  // The channel that was asked for last, and its subscribers by key until a key comes or goes: neighbours are often of one channel.
  #last = ''
  #found: readonly Few<Subscriber>[] | null = null
  /** Subscriptions in all. */
  size = 0

  /** @param key a channel or a pattern */
  add (key: string, subscriber: Subscriber): void {
    let subscribers = this.#byKey.get(key)
    if (subscribers === undefined) {
      this.#byKey.set(key, subscribers = new Few())
      this.#found = null
    }
    if (subscribers.add(subscriber)) this.size++
  }

  remove (key: string, subscriber: Subscriber): void {
    const subscribers = this.#byKey.get(key)
    if (subscribers?.delete(subscriber) !== true) return
    this.size--
    if (subscribers.size > 0) return
    this.#byKey.delete(key)
    this.#found = null
  }

  #of (channel: string): readonly Few<Subscriber>[] {
    if (this.#found !== null && channel === this.#last) return this.#found
    const found = []
    for (const key of interestKeys(channel)) {
      const subscribers = this.#byKey.get(key)
      if (subscribers !== undefined) found.push(subscribers)
    }
    this.#last = channel
    this.#found = found
    return found
  }

  /**
   * Gives an event to everybody interested in its channel, once each.
   * @param except who does not get it
   */
  fanOut (channel: string, event: Outgoing, publisher: Session | null, except: readonly Subscriber[] = NOBODY): void {
    const stamp = ++this.#stamp
    for (const subscriber of except) subscriber.stamp = stamp
    for (const subscribers of this.#of(channel)) {
      for (const subscriber of subscribers) {
        if (subscriber.stamp === stamp) continue
        subscriber.stamp = stamp
        subscriber.take(event, publisher)
      }
    }
  }

  /** Gives an event to those who named its channel exactly: how `/service/…` reaches the application, and no wildcard. */
  exactly (channel: string, event: Outgoing, publisher: Session): void {
    for (const subscriber of this.#byKey.get(channel) ?? []) subscriber.take(event, publisher)
  }

  /** Channels and patterns, with how many are interested in each. */
  * entries (): Generator<readonly [key: string, subscribers: number]> {
    for (const [key, subscribers] of this.#byKey) yield [key, subscribers.size]
  }

  /** How many are interested in a channel, each counted once; without those who are not to get it. */
  interested (channel: string, except: readonly Subscriber[] = NOBODY): number {
    const sets = this.#of(channel)
    const all = sets.length > 1 ? new Set(sets.flatMap(each => [...each])) : sets[0] ?? new Set()
    return all.size - except.filter(each => all.has(each)).length
  }

  has (key: string): boolean {
    return this.#byKey.has(key)
  }
}
