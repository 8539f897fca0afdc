import { interestKeys } from '../protocol/channel.js'
import type { Broker } from './broker.js'
import type { Recorder } from './recorder.js'
import { Replay } from './replay.js'
import type { Session } from './session.js'
import type { Wanted } from './wanted.js'

/** The replays that run, by what they cover and by whose they are. */
export class Replays {
  readonly #broker: Broker
  readonly #recorder: Recorder
  readonly #bySubscription = new Map<string, Set<Replay>>()
  readonly #bySession = new Map<Session, Map<string, Replay>>()

  constructor (broker: Broker, recorder: Recorder) {
    this.#broker = broker
    this.#recorder = recorder
  }

  /** A subscription is granted: from now on what is published there waits until it is replayed. */
  prepare (session: Session, wanted: Wanted): Replay {
    const { subscription } = wanted
    this.stop(session, subscription)
    if (wanted.standing === undefined) this.#forget(session, wanted)
    const replay = new Replay(this.#broker, this.#recorder, session, wanted)
    entry(this.#bySubscription, subscription, () => new Set<Replay>()).add(replay)
    entry(this.#bySession, session, () => new Map<string, Replay>()).set(subscription, replay)
    return replay
  }

  // What waits of a subscription that begins anew will be replayed: before it, it would make what is older look known.
  // Where another subscription of the session hears the channel, it waits for that one.
  #forget ({ subscriptions, delivery }: Session, { subscription, fits }: Wanted): void {
    const heardElsewhere = (keys: readonly string[]) => keys.some(key => key !== subscription && subscriptions.has(key))
    delivery.forget(({ kind, message: { channel = '' } }) => {
      if (kind === 'reply' || !fits(channel)) return false
      const keys = interestKeys(channel)
      return keys.includes(subscription) && !heardElsewhere(keys)
    })
  }

  /** The sessions that an event passes by, for they will be given it by a replay, or have been. */
  passedBy (channel: string, id: number): Session[] {
    const sessions: Session[] = []
    if (this.#bySubscription.size === 0) return sessions
    for (const key of interestKeys(channel)) {
      for (const replay of this.#bySubscription.get(key) ?? []) if (replay.passesBy(channel, id)) sessions.push(replay.session)
    }
    return sessions
  }

  /** The client of a session has read on. */
  resume (session: Session): void {
    for (const replay of this.#bySession.get(session)?.values() ?? []) replay.resume()
  }

  /** A session has unsubscribed. */
  stop (session: Session, subscription: string): void {
    this.#bySession.get(session)?.get(subscription)?.stop()
  }

  /** A session is over. */
  end (session: Session): void {
    for (const replay of this.#bySession.get(session)?.values() ?? []) replay.stop()
  }

  remove (replay: Replay): void {
    const { session, subscription } = replay
    const replays = this.#bySubscription.get(subscription)
    replays?.delete(replay)
    if (replays?.size === 0) this.#bySubscription.delete(subscription)
    const own = this.#bySession.get(session)
    if (own?.get(subscription) === replay) own.delete(subscription)
    if (own?.size === 0) this.#bySession.delete(session)
  }
}

function entry<Key, Value> (map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key)
  if (value === undefined) map.set(key, value = make())
  return value
}
