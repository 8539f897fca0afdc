import type { WireMessage } from './cometd.js'
import { RealtimeError } from './error.js'
import { guard } from './emitter.js'
import { EventQueue, type Overflow } from './event-queue.js'
import { dispose } from './host.js'
import { onAbort } from './on-abort.js'
import type { Subscriber, Subscriptions } from './subscriptions.js'

/** What was published to a channel. */
export interface ChannelEvent<Data = unknown> {
  /** The channel itself, also where a pattern was subscribed to. */
  readonly channel: string
  readonly data: Data
  /** The publisher's, where it gave one. */
  readonly id?: string | number
  /** The application's, where it gave one. */
  readonly ext?: Readonly<Record<string, unknown>>
}

export interface SubscribeOptions {
  /**
   * Begins with what the gateway keeps of the channel: -2 for all of it, or the id of the last event that is known
   * (`ext.replayId`); -1 for what comes from now on. In each new session it goes on after the last event that it has,
   * and nothing comes twice. A pattern takes -1 and -2. With the option `ack` nothing is missed within a session either.
   */
  readonly replay?: number
  /** Ends the subscription; a loop over it ends as if nothing more came. */
  readonly signal?: AbortSignal
  /** Events that may wait for the loop that reads them: a whole number from 1. 1000 by default. */
  readonly bound?: number
  /** What happens beyond that: `end` (default) ends the subscription with the error `overflow`; `drop-oldest` counts in `dropped`. */
  readonly overflow?: Overflow
}

export const DEFAULT_BOUND = 1000

/**
 * One interest in a channel or a pattern, until it is closed: by `close()`, `using`, the end of a loop over it, its
 * signal, or the client. It outlives connections and sessions.
 */
export class Subscription<Data = unknown> implements AsyncIterable<ChannelEvent<Data>>, Disposable {
  readonly channel: string
  /** Resolves when the gateway grants it, rejects with a RealtimeError where it does not. Nobody needs to look. */
  readonly ready: Promise<void>
  readonly #events: EventQueue<ChannelEvent<Data>> | null
  #leave: () => void = () => {}
  #release: () => void = () => {}

  /**
   * @param listener called with each event; without one they wait for a loop
   * @param onRefused told where it ends with an error that no loop will see
   */
  constructor (subscriptions: Subscriptions, channel: string, listener: ((event: ChannelEvent<Data>) => void) | null, options: SubscribeOptions, onRefused: (error: RealtimeError) => void) {
    const { bound = DEFAULT_BOUND, overflow = 'end', signal, replay } = options
    this.channel = channel
    const events = this.#events = listener === null ? new EventQueue<ChannelEvent<Data>>(bound, overflow) : null
    this.ready = new Promise((resolve, reject) => {
      const subscriber: Subscriber = {
        granted: () => resolve(),
        asked: () => {},
        state: () => {},
        event: message => {
          const event = eventOf<Data>(message)
          if (listener !== null) guard(() => listener(event))
          else if (events?.push(event) === false) this.#leave()
        },
        ended: error => {
          reject(error ?? new RealtimeError('closed', `Closed before it was granted: ${channel}`))
          events?.end(error)
          if (events === null && error !== null) onRefused(error)
          this.#release()
        }
      }
      if (signal?.aborted !== true) this.#leave = subscriptions.join(channel, undefined, subscriber, replay)
      else subscriber.ended(null)
    })
    // A refusal ends a loop with its error, or is an error of the client: it need not be caught here as well.
    this.ready.catch(() => {})
    this.#release = onAbort(signal, () => this.close())
  }

  /** Events that were dropped because nobody read them in time. */
  get dropped (): number {
    return this.#events?.dropped ?? 0
  }

  /** Ends it. What waits to be read is forgotten. */
  close (): void {
    this.#leave()
    this.#release()
    this.#events?.close()
  }

  [dispose] (): void {
    this.close()
  }

  /** Reads the events; a loop that ends closes the subscription. @throws TypeError where events go to a listener */
  [Symbol.asyncIterator] (): AsyncIterableIterator<ChannelEvent<Data>, undefined> {
    const events = this.#events
    if (events === null) throw new TypeError('The events of this subscription go to its listener')
    return iterate(events, () => this.close())
  }
}

/** An iterator over a queue, which calls `close` when its loop is left. */
export function iterate<Event> (events: EventQueue<Event>, close: () => void): AsyncIterableIterator<Event, undefined> {
  return {
    next: () => events.next(),
    return: async () => {
      close()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator] () {
      return this
    }
  }
}

function eventOf<Data> ({ channel, data, id, ext }: WireMessage): ChannelEvent<Data> {
  return { channel, data: data as Data, ...(id !== undefined && { id }), ...(ext !== undefined && { ext }) }
}
