import type { Appended, History, Keep } from '../../types/index.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { EventMessage } from '../protocol/message.js'
import { withReplayId } from '../protocol/replay.js'
import { after, isThenable, type Eventually } from './after.js'
import type { Broker } from './broker.js'
import type { ChannelDefinition } from './channels.js'
import { fanOut } from './fan-out.js'
import { Lane } from './lane.js'
import { Replays } from './replays.js'
import type { Session } from './session.js'

/**
 * The way of what is published to a channel with a history: it is kept, gets its id, and goes to its subscribers.
 * One lane a channel: the next event is kept when the one before it is on its way, so that ids and order agree.
 * What is not kept is delivered to nobody.
 */
export class Recorder {
  readonly history: History
  readonly replays: Replays
  readonly #broker: Broker
  /** Of the channels whose history takes its time just now; one that answers at once has none. */
  readonly #lanes = new Map<string, Lane>()

  constructor (broker: Broker, history: History) {
    this.#broker = broker
    this.history = history
    this.replays = new Replays(broker, this)
  }

  /** Whether an event of a channel may be kept already and not be delivered yet. */
  busy (channel: string): boolean {
    return this.#lanes.has(channel)
  }

  /**
   * @param told its id, once it is kept and queued
   * @returns null once it is kept and queued for its subscribers; 503 where it cannot be kept
   */
  publish (definition: ChannelDefinition, event: EventMessage, publisher: Session | null, told?: (id: number) => void): Eventually<Refusal | null> {
    const lane = this.#lanes.get(event.channel)
    const record = () => this.#record(definition, event, publisher, told)
    if (lane !== undefined) return this.#follow(lane, event.channel, record)
    const recorded = record()
    return isThenable(recorded) ? this.#follow(new Lane(), event.channel, () => recorded) : recorded
  }

  #follow (lane: Lane, channel: string, record: () => Eventually<Refusal | null>): Eventually<Refusal | null> {
    if (lane.length >= this.#broker.limits.lane) return refusal(503, channel, 'Too many messages wait for the history')
    this.#lanes.set(channel, lane)
    return new Promise(resolve => {
      lane.push(() => after(record(), refused => {
        if (lane.length === 0) this.#lanes.delete(channel)
        resolve(refused)
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
      const kept = (appended: number | Appended) => {
        const id = typeof appended === 'number' ? appended : appended.id
        this.#fanOut(definition, event, id, publisher)
        told?.(id)
        return null
      }
      return isThenable(appended) ? appended.then(kept).then(undefined, failed) : kept(appended)
    } catch (error) {
      return failed(error)
    }
  }

  #fanOut ({ options: { echo, replay } }: ChannelDefinition, event: EventMessage, id: number, publisher: Session | null): void {
    const except: Session[] = this.replays.passedBy(event.channel, id)
    if (!echo && publisher !== null) except.push(publisher)
    fanOut(this.#broker, event, withReplayId(event, id, replay === 'salesforce'), publisher, except)
  }
}
