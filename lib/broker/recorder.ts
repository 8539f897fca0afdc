import type { Appended, History, Keep } from '../../types/index.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { EventMessage } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import { withReplayId } from '../protocol/replay.js'
import { after, isThenable, type Eventually } from './after.js'
import type { Broker } from './broker.js'
import type { ChannelDefinition } from './channels.js'
import { Cursors } from './cursors.js'
import { announce, handOut } from './fan-out.js'
import { Lane } from './lane.js'
import { Replays } from './replays.js'
import type { Session } from './session.js'

/**
 * The way of what is published to a channel with a history: it is kept, gets its id, and goes to its subscribers.
 * One lane a channel: the next event is kept when the one before it is on its way, so that ids and order agree.
 * What is not kept is delivered to nobody.
 *
 * Where several nodes share the history, what others have published comes in here as well, and each event says
 * what was before it: what this node has missed is read from the history first ({@link Cursors}).
 */
export class Recorder {
  readonly history: History
  readonly replays: Replays
  readonly cursors: Cursors
  readonly #broker: Broker
  /** Of the channels whose history takes its time just now; one that answers at once has none. */
  readonly #lanes = new Map<string, Lane>()

  constructor (broker: Broker, history: History) {
    this.#broker = broker
    this.history = history
    this.replays = new Replays(broker, this)
    this.cursors = new Cursors(broker, this)
  }

  /** Whether an event of a channel may be kept already and not be delivered yet. */
  busy (channel: string): boolean {
    return this.history.shared === true || this.#lanes.has(channel)
  }

  /**
   * @param told its id, once it is kept and queued
   * @returns null once it is kept and queued for its subscribers; 503 where it cannot be kept
   */
  publish (definition: ChannelDefinition, event: EventMessage, publisher: Session | null, told?: (id: number) => void): Eventually<Refusal | null> {
    const recorded = this.inLane(event.channel, () => this.#record(definition, event, publisher, told))
    return recorded === undefined ? refusal(503, event.channel, 'Too many messages wait for the history') : recorded
  }

  /** Another node has published an event to a channel and kept it. */
  arrive (channel: string, event: Outgoing, kept: Appended): void {
    const handed = this.inLane(channel, () => after(this.cursors.reach(channel, kept.before), reached => {
      if (reached && this.cursors.pass(channel, kept.id)) this.#handOut(channel, event, kept.id, null)
      return null
    }))
    // The next event will tell that this one is missing.
    if (handed === undefined) this.#broker.log.warn({ channel }, 'too many events of other nodes wait for the history')
  }

  /** Hands out an event that was read from the history, for nobody told this node of it. */
  handOutKept (channel: string, event: EventMessage, id: number): void {
    const inData = this.#broker.channels?.of(channel)?.options.replay === 'salesforce'
    this.#handOut(channel, Outgoing.broadcast(withReplayId(event, id, inData)), id, null)
  }

  /**
   * Does something with a channel when what came before is done. It never rejects.
   * @returns undefined where too much waits
   */
  inLane<T> (channel: string, work: () => Eventually<T>): Eventually<T> | undefined {
    const lane = this.#lanes.get(channel)
    if (lane !== undefined) return this.#follow(lane, channel, work)
    const working = work()
    return isThenable(working) ? this.#follow(new Lane(), channel, () => working) : working
  }

  #follow<T> (lane: Lane, channel: string, work: () => Eventually<T>): Promise<T> | undefined {
    if (lane.length >= this.#broker.limits.lane) return
    this.#lanes.set(channel, lane)
    return new Promise(resolve => {
      lane.push(() => after(work(), result => {
        if (lane.length === 0) this.#lanes.delete(channel)
        resolve(result)
      }))
    })
  }

  #record (definition: ChannelDefinition, event: EventMessage, publisher: Session | null, told?: (id: number) => void): Eventually<Refusal | null> {
    const failed = (error: unknown): Refusal => {
      this.#broker.log.error({ err: error, channel: event.channel }, 'an event could not be kept')
      return refusal(503, event.channel, 'The history is not available')
    }
    try {
      const appended = this.history.append(event, definition.options.history as Keep)
      const kept = (appended: number | Appended) => after(this.#kept(definition, event, appended, publisher), id => {
        told?.(id)
        return null
      })
      return isThenable(appended) ? appended.then(kept).then(undefined, failed) : kept(appended)
    } catch (error) {
      return failed(error)
    }
  }

  #kept (definition: ChannelDefinition, event: EventMessage, appended: number | Appended, publisher: Session | null): Eventually<number> {
    const { channel } = event
    const kept = typeof appended === 'number' ? { id: appended, before: 0 } : appended
    const sent = withReplayId(event, kept.id, definition.options.replay === 'salesforce')
    const outgoing = announce(this.#broker, event, sent, publisher, kept)
    return after(this.cursors.reach(channel, kept.before), reached => {
      if (reached && this.cursors.pass(channel, kept.id)) this.#handOut(channel, outgoing, kept.id, definition.options.echo ? null : publisher, publisher)
      return kept.id
    })
  }

  #handOut (channel: string, event: Outgoing, id: number, silent: Session | null, publisher: Session | null = null): void {
    const except: Session[] = this.replays.passedBy(channel, id)
    if (silent !== null) except.push(silent)
    handOut(this.#broker, event, channel, publisher, except)
  }
}
