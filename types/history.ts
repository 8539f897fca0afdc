import type { EventMessage } from '../lib/protocol/message.js'

/** How much is kept of each channel. */
export interface Keep {
  /** Events at most. */
  readonly size: number
  /** ms that an event is kept; left out: until there are too many. */
  readonly ttl?: number
}

/** An event that was kept, with its id. */
export interface KeptEvent {
  /**
   * A safe integer from 1, greater than that of every event before it in the channel, also before a restart: a client
   * that comes back is not to take one event for another. There may be gaps.
   */
  readonly id: number
  /** As it was published; it may be shared, so it is never changed. */
  readonly event: EventMessage
}

/** A piece of what is kept of a channel. */
export interface HistoryPage {
  /** Oldest first. Fewer than were asked for only where there are no more. */
  readonly events: readonly KeptEvent[]
  /** The id to go on after: of the last of these events; where there are none, one that misses nothing from now on. */
  readonly last: number
}

/** An event that was kept where several nodes keep theirs. */
export interface Appended {
  readonly id: number
  /** The id of the event that was the last of its channel until then; 0, or any id below, where there is none. Who has seen it has missed nothing. */
  readonly before: number
}

/** Asks {@link History.since} for what comes from now on, and for everything that is kept. */
export type ReplayFrom = -1 | -2 | number

/**
 * The history port: what was published to the channels that are to be remembered. In memory it is part of the
 * library; a store behind it may be shared by several nodes and may outlive them.
 *
 * Calls for one channel come one after the other: the broker appends to a channel when the append before has settled,
 * and delivers an event when its append has. Reads come at any time. A promise that rejects refuses the publish or
 * the replay with 503; nothing else happens to the gateway. It must settle: who waits for it waits as long.
 */
export interface History {
  /** Whether other nodes keep events in it too: then {@link append} says what was before, and ids are unique over all nodes. */
  readonly shared?: boolean
  /**
   * Keeps an event as the newest of its channel (`event.channel`), and drops what is then too much of it.
   * @param event to be kept as it is now: the application may change its data later
   * @returns its id; where the history is shared, what was before as well
   */
  append (event: EventMessage, keep: Keep): number | Appended | Promise<number | Appended>
  /**
   * The oldest events of a channel that came after an id.
   * @param after an id; -1: none, only where the channel stands; -2: from the oldest that is kept
   * @param limit events at most
   * @returns null where an event after that id was dropped, or that id has not been given yet
   */
  since (channel: string, after: ReplayFrom, limit: number): HistoryPage | null | Promise<HistoryPage | null>
  /** The channels under a pattern of which something is kept, maybe more, as long as they are under it. */
  channels (pattern: string): readonly string[] | Promise<readonly string[]>
  /** The gateway closes. A driver that the application handed in stays the application's. */
  close (): void | Promise<void>
}
