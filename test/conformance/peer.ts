/** The contract of the suite of connectors: what stands at the other end of a service. */
import type { RealtimeOptions } from '../../lib/index.js'

export type Test = { after: (fn: () => unknown) => unknown }

export type Definition = NonNullable<RealtimeOptions['services']>[string]

/** Lets the client publish. */
export type Publish = (text?: string) => Promise<unknown>

/** The other side of one conversation. What its transport does not have, it leaves out. */
export interface Peer {
  /** What it heard, message by message. */
  readonly heard: readonly string[]
  /** Whether our end, or the end of the conversation, has reached it. Left out where nobody tells it. */
  readonly ended?: boolean
  /** What went wrong on its side, if anything. */
  readonly failed?: Error | null
  /** Says a message. The promise settles when it may say the next one. */
  say (message: string): Promise<unknown>
  /** Says something that is too long for a message. */
  flood? (size: number): unknown
  /** Puts bytes on the wire; they may be a part of a message. */
  write? (bytes: Buffer): Promise<unknown>
  /** Says its last words, which may be no whole message, and ends in peace. */
  end? (last: string): unknown
  /** Breaks the conversation. Some need to be spoken to before they can. */
  break? (publish: Publish): unknown
  /** Stops and goes on taking what is written to it. */
  pause? (): unknown
  resume? (): unknown
  /** Set to keep its half open after ours has ended. */
  lingers?: boolean
}

/** A service that runs, and everybody who speaks with it. */
export interface Counterpart {
  readonly service: Definition
  readonly connectors?: RealtimeOptions['connectors']
  /** One for each conversation, oldest first. */
  readonly peers: readonly Peer[]
}

/** One way to a service, as the suite wants it. */
export interface Implementation {
  readonly name: string
  start (t: Test): Promise<Counterpart> | Counterpart
  /** Nobody can write to it: publishes get 405. */
  readonly readOnly?: boolean
  /** It cannot be told to wait: while the client is slow the oldest messages are dropped. */
  readonly drops?: boolean
  /** The end of its output is the end of it, so there are no halves. */
  readonly endsWhole?: boolean
  /** Services that cannot be reached, by the code that clients are told. */
  unreachable? (t: Test): Promise<Partial<Record<403 | 408 | 502, Definition>>>
}
