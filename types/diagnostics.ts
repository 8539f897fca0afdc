import type { Member } from './presence.js'
import type { EndReason, Realtime, RealtimeEvents } from './realtime.js'
import type { Session } from './session.js'

/** Somebody who may be watching. Nothing is put together for who is not: `hasSubscribers` is asked first. */
export interface Watcher<Event> {
  readonly hasSubscribers: boolean
  publish (event: Event): void
}

/** An event was handed to everybody interested in its channel: told once, however many they are. Or to one session, by `deliver`. */
export interface DeliverEvent {
  readonly channel: string
  readonly data: unknown
  /** Who published; null where it was the application, or a client without a session. */
  readonly session: Session | null
  /** Subscribers that it was handed to: sessions, and listeners of the application. */
  readonly receivers: number
}

/** A message was answered with an error: at once, or a call when its publish was acknowledged already. */
export interface RefuseEvent {
  /** Whose message it was; null where it has no session. */
  readonly session: Session | null
  /** IP address of the client. */
  readonly address: string
  /** Of the message; undefined where it has none. */
  readonly channel: string | undefined
  /** What was asked for, where the message was about a subscription. */
  readonly subscription: string | string[] | undefined
  /** The code of the error, and its text. Its arguments are left out: they may hold a clientId. */
  readonly code: number
  readonly text: string
}

/** A connection to a service came about or failed, or ended, or is waited for. */
export interface ServiceEvent {
  /** Name of the service. */
  readonly service: string
  /** Whom the connection is for; null where many share it, or nobody in particular. */
  readonly session: Session | null
  readonly state: 'connected' | 'unreachable' | 'ended' | 'reconnecting'
  /** ms that connecting took (`connected`), or until the next attempt (`reconnecting`). */
  readonly ms?: number
  /** Why it ended: `ended`, `closed`, `broken`, `idle`, `too large`, or `left`, where it ended at our wish. */
  readonly reason?: string
  /** The error as clients get it, without an address. */
  readonly error?: string
  /** What went wrong, in full. */
  readonly cause?: unknown
}

/** What is told of what happens, by name. */
export interface Watched {
  handshake: { readonly session: Session }
  connect: { readonly session: Session }
  subscribe: { readonly session: Session, readonly channel: string }
  unsubscribe: { readonly session: Session, readonly channel: string }
  publish: { readonly session: Session | null, readonly channel: string, readonly data: unknown }
  deliver: DeliverEvent
  join: { readonly channel: string, readonly member: Member, readonly session: Session | null }
  leave: { readonly channel: string, readonly member: Member, readonly session: Session | null }
  refuse: RefuseEvent
  expire: { readonly session: Session }
  disconnect: { readonly session: Session, readonly reason: EndReason }
  service: ServiceEvent
}

/** Who may be watching what the events of `app.realtime` do not tell. */
export type Watchers = { readonly [Name in Exclude<keyof Watched, keyof RealtimeEvents>]: Watcher<Watched[Name]> }

/**
 * The channels of `node:diagnostics_channel` that every gateway of this process publishes on, and what they carry;
 * `realtime` says which gateway it was.
 */
export type Diagnostics = { [Name in keyof Watched as `fastify-bayeux:${Name}`]: Watched[Name] & { readonly realtime: Realtime } }
