/** The subscriptions of a client: one on the wire for all that ask for the same channel, and again in each new session. */
import type { WireMessage, WireTransport } from './cometd.js'
import { errorOf, isLost, RealtimeError } from './error.js'
import type { Wire } from './wire.js'

/** What somebody who subscribed is told. */
export interface Subscriber {
  /**
   * The gateway has granted it; again after each new session.
   * @param peer somebody who had it before, and has heard what came until now
   */
  granted (peer?: Subscriber): void
  /** The gateway is asked anew, for the session is a new one or the connection broke meanwhile. */
  asked (): void
  event (message: WireMessage): void
  /** A service said how it is. */
  state (state: string, details: ServiceNotice): void
  /** It is over: refused (error), ended by the service (a notice, an error where it broke), or the client was closed. */
  ended (error: RealtimeError | null, notice?: ServiceNotice): void
}

/** `ext.service` of a message. */
export interface ServiceNotice {
  readonly state: string
  readonly reason?: string
  readonly error?: string
}

/** One subscription on the wire. */
class Shared {
  readonly channel: string
  readonly data: unknown
  readonly subscribers = new Set<Subscriber>()
  state: 'wanted' | 'asked' | 'granted' | 'over' = 'wanted'
  handle: object | null = null
  /** After which event it begins, where it wants a replay; and the last one that it has, of each channel. */
  replay: number | undefined
  readonly last = new Map<string, number>()
  /** Over what it was asked for. */
  over: WireTransport | null = null
  /** Events that came before the answer over HTTP: the replay has overtaken it, or will bring them again. */
  #early: { readonly channel: string, readonly id: number }[] = []

  constructor (channel: string, data: unknown, replay?: number) {
    this.channel = channel
    this.data = data
    this.replay = replay
  }

  /** After which event it is asked for. */
  get from (): number | undefined {
    return this.last.get(this.channel) ?? this.replay
  }

  /** Whether it does not have an event yet; it has it from now on. */
  takes (channel: string, id: number): boolean {
    const last = this.last.get(channel) ?? 0
    const isNew = id > last && !this.#early.some(each => each.id === id && each.channel === channel)
    if (this.state !== 'asked') {
      this.last.set(channel, Math.max(id, last))
      this.#early = this.#early.filter(each => each.id > id || each.channel !== channel)
    } else if (isNew) this.#early.push({ channel, id })
    return isNew
  }
}

export class Subscriptions {
  readonly #wire: Wire
  readonly #all = new Map<string, Shared>()
  readonly #onMissed: (error: RealtimeError) => void
  #takenUp = false

  /** @param onMissed told where a subscription could not go on where it was, for that is no longer kept */
  constructor (wire: Wire, onMissed: (error: RealtimeError) => void) {
    this.#wire = wire
    this.#onMissed = onMissed
    wire.addListener('/meta/unsubscribe', message => this.#unasked(message))
  }

  /**
   * @param data what a service is told first, also in each new session; that of who came first counts
   * @param replay after which event it begins; that of who came first counts
   * @returns leaves; `lastWords` are for a service, from who leaves last
   */
  join (channel: string, data: unknown, subscriber: Subscriber, replay?: number): (lastWords?: unknown) => void {
    const shared = this.#all.get(channel) ?? new Shared(channel, data, replay)
    this.#all.set(channel, shared)
    shared.subscribers.add(subscriber)
    if (shared.state === 'granted') subscriber.granted([...shared.subscribers][0])
    else if (shared.state === 'wanted' && this.#wire.ready) this.#ask(shared)
    return lastWords => this.#leave(shared, subscriber, lastWords)
  }

  /**
   * A new session knows none of them.
   * @param takenUp it is that of a page that was loaded again: what waited there comes before anything is asked for
   */
  renew (takenUp: boolean): void {
    const all = [...this.#all.values()]
    for (const shared of all) {
      if (shared.state === 'granted') for (const subscriber of [...shared.subscribers]) subscriber.asked()
      shared.state = 'wanted'
    }
    this.resume(takenUp)
  }

  /** Asks for what was not granted when the connection broke. */
  resume (takenUp = false): void {
    this.#takenUp = takenUp
    const wanted = [...this.#all.values()].filter(({ state }) => state === 'wanted')
    if (wanted.length > 0) this.#wire.batch(() => wanted.forEach(shared => this.#ask(shared)))
  }

  /** The client is closed, and with it everything. */
  end (error: RealtimeError | null): void {
    for (const shared of [...this.#all.values()]) this.#end(shared, error)
  }

  #ask (shared: Shared): void {
    const { channel, data, from } = shared
    const props = {
      ...(data !== undefined && { data }),
      ...(from !== undefined && { ext: { replay: { [channel]: from } } })
    }
    shared.state = 'asked'
    shared.over = this.#wire.getTransport()
    try {
      shared.handle = this.#wire.subscribe(channel, message => this.#event(shared, message), props, reply => this.#replied(shared, reply))
    } catch (error) {
      this.#end(shared, new RealtimeError('malformed', `No channel: ${channel}`, { cause: error }))
    }
  }

  #replied (shared: Shared, reply: WireMessage): void {
    if (shared.state !== 'asked') return
    const { channel, last } = shared
    if (reply.successful === true) {
      const stands = reply.ext?.replay?.[channel]
      if (stands !== undefined) last.set(channel, stands)
      shared.state = 'granted'
      for (const subscriber of [...shared.subscribers]) subscriber.granted()
      return
    }
    const error = errorOf(reply)
    // It was granted before, so nothing else can be wrong with it.
    if (error.code === 400 && last.size > 0) {
      last.clear()
      shared.replay = -2
      this.#onMissed(error)
      return this.#ask(shared)
    }
    if (!isLost(reply) && error.code !== 402) return this.#end(shared, error)
    // Without connection or session it is asked again when there is one; where only this request failed, soon.
    shared.state = 'wanted'
    this.#wire.soon(() => this.resume())
  }

  #event (shared: Shared, message: WireMessage): void {
    const { channel, ext } = message
    const id: number | undefined = ext?.replayId
    if (shared.replay !== undefined && id !== undefined && (this.#isBefore(shared) || !shared.takes(channel, id))) return
    const notice = ext?.service as ServiceNotice | undefined
    for (const subscriber of [...shared.subscribers]) {
      if (message.data === null && typeof notice?.state === 'string') subscriber.state(notice.state, notice)
      else subscriber.event(message)
    }
  }

  // What comes before a replay is in it, and must not pass for its beginning. On a WebSocket the answer comes first.
  #isBefore ({ from, state, over }: Shared): boolean {
    return from !== -1 && (this.#takenUp || (state === 'asked' && over?.type === 'websocket' && over === this.#wire.getTransport()))
  }

  // The gateway's own word that a service has ended; answers to ours have no notice.
  #unasked ({ subscription = '', ext }: WireMessage): void {
    const shared = this.#all.get(subscription)
    const notice = ext?.service as ServiceNotice | undefined
    if (shared === undefined || notice === undefined) return
    if (shared.handle !== null) this.#wire.removeListener(shared.handle)
    const { error } = notice
    this.#end(shared, error === undefined ? null : errorOf({ channel: subscription, error }), notice)
  }

  #end (shared: Shared, error: RealtimeError | null, notice?: ServiceNotice): void {
    shared.state = 'over'
    if (this.#all.get(shared.channel) === shared) this.#all.delete(shared.channel)
    for (const subscriber of [...shared.subscribers]) subscriber.ended(error, notice)
    shared.subscribers.clear()
  }

  #leave (shared: Shared, subscriber: Subscriber, lastWords: unknown): void {
    if (!shared.subscribers.delete(subscriber) || shared.subscribers.size > 0) return
    const { state, handle, channel } = shared
    shared.state = 'over'
    this.#all.delete(channel)
    if (handle === null || state === 'wanted') return
    if (this.#wire.ready) this.#wire.unsubscribe(handle, lastWords === undefined ? {} : { data: lastWords })
    else this.#wire.removeListener(handle)
  }
}
