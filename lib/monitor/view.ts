/** What the monitor page asks for, and what it is shown. */
import { Type, type Static } from '@sinclair/typebox'
import type { Figures, ServiceFigures, ServiceHealth } from '../../types/index.js'

/** Rows of sessions and of channels at once. Who wants to see others looks for them. */
export const ROWS = 25
// Whoever turns more pages than this is better served by a search.
const PAGES = 40

const closed = { additionalProperties: false }

const LookSchema = Type.Object({
  /** A number, or a part of an address or transport; with a `/` in front a channel or pattern that is subscribed to. */
  find: Type.String({ maxLength: 255 }),
  order: Type.Union([Type.Literal('newest'), Type.Literal('oldest'), Type.Literal('waiting')]),
  page: Type.Integer({ minimum: 0, maximum: PAGES - 1 }),
  /** A part of the names of channels. */
  channels: Type.String({ maxLength: 255 })
}, closed)

/** What the page may say: what it wants to see, or which session is to end. */
export const CommandSchema = Type.Union([LookSchema, Type.Object({ end: Type.Integer({ minimum: 1 }) }, closed)])

export type Look = Static<typeof LookSchema>
export type Command = Static<typeof CommandSchema>

/** What is shown before anybody asks for something else. */
export const firstLook: Look = { find: '', order: 'newest', page: 0, channels: '' }

/** One session: nothing that anybody could use to speak for it. */
export interface SessionRow {
  readonly number: number
  readonly transport: string | null
  readonly address: string
  /** ms */
  readonly age: number
  readonly subscriptions: number
  readonly services: number
  /** Bytes. */
  readonly waiting: number
}

/** All sessions in figures, and a page of those that were looked for. */
export interface SessionsView {
  readonly total: number
  /** How many carry which transport; those between two connections are `none`. */
  readonly transports: Readonly<Record<string, number>>
  /** Bytes that wait for all of them. */
  readonly waiting: number
  /** How many were found, and which page of them this is. */
  readonly found: number
  readonly page: number
  readonly pages: number
  readonly rows: readonly SessionRow[]
}

export interface ChannelRow {
  readonly channel: string
  /** Sessions and listeners of the application that get what is published there; of a pattern, who subscribed to it. */
  readonly receivers: number
  /** Messages a second. */
  readonly published: number
}

export interface ChannelsView {
  /** Channels and patterns with subscribers, or with messages. */
  readonly total: number
  readonly found: number
  /** The busiest first. */
  readonly rows: readonly ChannelRow[]
}

export interface ServiceRow extends Pick<ServiceFigures, 'errors' | 'dropped'>, Pick<ServiceHealth, 'state' | 'open' | 'lastError'> {
  readonly name: string
  /** Messages of it and to it, a second; null until they are known. */
  readonly in: number | null
  readonly out: number | null
}

/** What the page is shown, each time. */
export interface View {
  /** Number of the session that looks. */
  readonly you: number
  /** The server's clock, in ms since 1970. */
  readonly at: number
  /** What this view answers. */
  readonly look: Look
  /** Null until they are known for the first time. */
  readonly figures: Omit<Figures, 'gateway' | 'health'> | null
  readonly counts: { readonly subscriptions: number, readonly links: number, readonly heldConnects: number, readonly refused: Readonly<Record<number, number>> }
  readonly state: 'open' | 'full' | 'closing'
  readonly sessions: SessionsView
  readonly channels: ChannelsView
  readonly services: { readonly total: number, readonly rows: readonly ServiceRow[] }
}
