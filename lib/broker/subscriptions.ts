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

/** Those of one key: mostly it is one, who stands for itself and weighs nothing more. */
type Subscribers = Subscriber | Few<Subscriber>

/**
 * Who is interested in what. A wildcard stands only in the last segment, so a channel of d segments
 * is d + 2 look-ups, however many subscriptions there are; never a scan.
 */
export class Subscriptions {
  readonly #byKey = new Map<string, Subscribers>()
  readonly #onInterest: ((key: string, on: boolean) => void) | null
  #stamp = 0
  // The channel that was asked for last, and its subscribers by key until a key comes or goes: neighbours are often of one channel.
  #last = ''
  #found: readonly Subscribers[] | null = null
  /** Subscriptions in all. */
  size = 0

  /** @param onInterest told when a channel or pattern gets its first subscriber, and when it has lost its last */
  constructor (onInterest: ((key: string, on: boolean) => void) | null = null) {
    this.#onInterest = onInterest
  }

  /** @param key a channel or a pattern */
  add (key: string, subscriber: Subscriber): void {
    const there = this.#byKey.get(key)
    if (there === subscriber) return
    if (there instanceof Few) {
      if (there.add(subscriber)) this.size++
      return
    }
    this.#byKey.set(key, there === undefined ? subscriber : both(there, subscriber))
    this.#found = null
    this.size++
    if (there === undefined) this.#onInterest?.(key, true)
  }

  remove (key: string, subscriber: Subscriber): void {
    const there = this.#byKey.get(key)
    if (there instanceof Few ? !there.delete(subscriber) : there !== subscriber) return
    this.size--
    if (there instanceof Few && there.size > 0) return
    this.#byKey.delete(key)
    this.#found = null
    this.#onInterest?.(key, false)
  }

  #of (channel: string): readonly Subscribers[] {
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
      for (const subscriber of allOf(subscribers)) {
        if (subscriber.stamp === stamp) continue
        subscriber.stamp = stamp
        subscriber.take(event, publisher)
      }
    }
  }

  /** Gives an event to those who named its channel exactly: how `/service/…` reaches the application, and no wildcard. */
  exactly (channel: string, event: Outgoing, publisher: Session): void {
    const subscribers = this.#byKey.get(channel)
    if (subscribers === undefined) return
    for (const subscriber of allOf(subscribers)) subscriber.take(event, publisher)
  }

  /** Channels and patterns, with how many are interested in each. */
  * entries (): Generator<readonly [key: string, subscribers: number]> {
    for (const [key, subscribers] of this.#byKey) yield [key, subscribers instanceof Few ? subscribers.size : 1]
  }

  /** How many are interested in a channel, each counted once; without those who are not to get it. */
  interested (channel: string, except: readonly Subscriber[] = NOBODY): number {
    const all = new Set(this.#of(channel).flatMap(each => [...allOf(each)]))
    for (const each of except) all.delete(each)
    return all.size
  }

  has (key: string): boolean {
    return this.#byKey.has(key)
  }
}

function both (one: Subscriber, other: Subscriber): Few<Subscriber> {
  const few = new Few<Subscriber>()
  few.add(one)
  few.add(other)
  return few
}

function allOf (subscribers: Subscribers): Iterable<Subscriber> {
  return subscribers instanceof Few ? subscribers : [subscribers]
}
