import type { Verdict } from './policy.js'
import type { Session } from './session.js'

/** Somebody on a channel, as others learn of it: never its clientId. */
export interface Member {
  /** Opaque; the same on all channels as long as the session lives. */
  readonly id: string
  /** When it subscribed, in ms since 1970. */
  readonly since: number
  /** What the channel's definition says of it. */
  readonly info?: any
}

/** Somebody on a channel, as the application sees it. */
export interface PresentMember extends Member {
  /** Null where it lives on another node. */
  readonly session: Session | null
}

/** What watchers of a channel are told: first all its members, then changes; who left comes before who joined. */
export interface PresenceNews {
  readonly members?: readonly Member[]
  readonly leave?: readonly Member[]
  readonly join?: readonly Member[]
}

/** What others may learn of who is on a channel. */
export interface PresenceOptions {
  /** What they learn of a session besides an opaque id; asked when it subscribes. */
  readonly info?: (session: Session) => unknown
  /** May this session watch? Asked after whether it may subscribe to the channel. `false`: nobody but the application. */
  readonly watch?: ((session: Session) => Verdict) | false
}
