import type { KeptEvent, ReplayFrom } from '../../types/index.js'
import { adviseHandshake } from '../protocol/advice.js'
import { refusal } from '../protocol/error.js'
import { Outgoing } from '../protocol/outgoing.js'
import { ALL, withReplayId } from '../protocol/replay.js'
import { isThenable, type Eventually } from './after.js'
import type { Broker } from './broker.js'
import type { Recorder } from './recorder.js'
import type { Session } from './session.js'
import type { Wanted } from './wanted.js'

/** How many events are read at once. */
const PAGE = 100

// ms until a client may come back whose replay failed through no fault of its own.
const LATER = 5000

// One message however many it is replayed to, as long as the history gives the same object.
const made = new WeakMap<KeptEvent, Outgoing>()

/**
 * What was published before, for one subscription of one session, channel by channel. It reads as fast as the client
 * does, as a conversation with a service. An event that is published to a channel that it has not caught up with
 * passes the session by: it will be read from the history, in its place.
 */
export class Replay {
  readonly session: Session
  readonly subscription: string
  readonly #broker: Broker
  readonly #recorder: Recorder
  readonly #wanted: Wanted
  /** The channels to come; while a pattern's are being looked for, those that were published to. */
  readonly #channels = new Set<string>()
  #listed: boolean
  /** The channel that is replayed now, the last event that was read of it, and the last one that passed by. */
  #channel: string | null = null
  #after: ReplayFrom = ALL
  #passed = 0
  /** Up to where it was read to its end; -1: not yet. */
  #reached = -1
  /** What was read and not handed on yet. */
  #events: KeptEvent[] = []
  /** Channels that it has caught up with while an event was being kept: up to which id one may come once more. */
  readonly #late = new Map<string, number>()
  #state: 'new' | 'running' | 'reading' | 'done' = 'new'

  constructor (broker: Broker, recorder: Recorder, session: Session, wanted: Wanted) {
    this.#broker = broker
    this.#recorder = recorder
    this.#wanted = wanted
    this.session = session
    this.subscription = wanted.subscription
    this.#listed = !wanted.subscription.endsWith('*')
    if (this.#listed) this.#channels.add(wanted.subscription)
  }

  /** Whether an event that is published now is to pass the session by. */
  passesBy (channel: string, id: number): boolean {
    if (channel === this.#channel) this.#passed = id
    else if (!this.#listed && this.#wanted.fits(channel)) this.#channels.add(channel)
    return channel === this.#channel || this.#channels.has(channel) || this.#isLate(channel, id)
  }

  #isLate (channel: string, id: number): boolean {
    const last = this.#late.get(channel)
    if (last === undefined) return false
    if (id <= last) return true
    this.#late.delete(channel)
    this.#leave()
    return false
  }

  /** Begins, once the subscribe reply is on its way. */
  start (): void {
    if (this.#state !== 'new') return
    this.#state = 'running'
    if (!this.#listed) this.#list()
    this.resume()
  }

  #list (): void {
    this.#read(() => this.#recorder.history.channels(this.subscription), channels => {
      for (const channel of channels) if (this.#wanted.fits(channel)) this.#channels.add(channel)
      this.#listed = true
    })
  }

  /** Goes on, as far as the client takes it. */
  resume (): void {
    while (this.#state === 'running' && !this.session.congested) {
      const next = this.#events.shift()
      if (next !== undefined) this.#hand(next)
      else if (this.#channel === null) this.#turn()
      else if (this.#passed > this.#reached) this.#page(this.#channel)
      else this.#caughtUp(this.#channel)
    }
  }

  /** Ends it where it is. */
  stop (): void {
    this.#state = 'done'
    this.#late.clear()
    this.#leave()
  }

  #hand (kept: KeptEvent): void {
    let outgoing = made.get(kept)
    if (outgoing === undefined) {
      const inData = this.#broker.channels?.of(kept.event.channel)?.options.replay === 'salesforce'
      made.set(kept, outgoing = Outgoing.event(withReplayId(kept.event, kept.id, inData)))
    }
    this.#broker.counters.replayed++
    this.session.receive([outgoing])
  }

  // To the next channel.
  #turn (): void {
    const [channel] = this.#channels
    if (channel === undefined) {
      this.#state = 'done'
      return this.#leave()
    }
    this.#channels.delete(channel)
    this.#channel = channel
    this.#after = this.#wanted.from
    this.#passed = 0
    this.#reached = -1
  }

  #page (channel: string): void {
    const passed = this.#passed
    this.#read(() => this.#recorder.history.since(channel, this.#after, PAGE), page => {
      if (page === null) return this.#outrun(channel)
      this.#events = [...page.events]
      this.#after = page.last
      // What passed by while it was read may not be in it.
      this.#reached = page.events.length === PAGE ? -1 : Math.max(page.last, passed)
    })
  }

  #caughtUp (channel: string): void {
    if (this.#recorder.busy(channel)) this.#late.set(channel, this.#after)
    this.#channel = null
  }

  // The history is what waits for the client meanwhile, and it has dropped what the client does not have yet.
  #outrun (channel: string): void {
    if (this.#broker.channels?.drops(channel) !== true) return this.session.tooSlow()
    this.#broker.counters.dropped++
    this.#after = ALL
    this.#reached = -1
  }

  #read<T> (ask: () => Eventually<T>, take: (read: T) => void): void {
    try {
      const asked = ask()
      if (!isThenable(asked)) return take(asked)
      this.#state = 'reading'
      const taken = (read: T) => {
        if (this.#state !== 'reading') return
        this.#state = 'running'
        take(read)
        this.resume()
      }
      asked.then(taken).then(undefined, error => this.#fail(error))
    } catch (error) {
      this.#fail(error)
    }
  }

  // A client that shakes hands again asks for what it has missed.
  #fail (error: unknown): void {
    const { session, subscription } = this
    if (this.#state === 'done') return
    session.log.error({ err: error, channel: subscription }, 'a history could not be read')
    this.#broker.end(session, 'failed', { advice: adviseHandshake(LATER), error: refusal(503, subscription, 'The history is not available') })
  }

  // It stays for what may come late.
  #leave (): void {
    if (this.#state === 'done' && this.#late.size === 0) this.#recorder.replays.remove(this)
  }
}
