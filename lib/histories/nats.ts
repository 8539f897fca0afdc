import type { NatsConnection } from '@nats-io/transport-node'
import { randomUUID } from 'node:crypto'
import type { Appended, History, HistoryPage, Keep, KeptEvent, ReplayFrom } from '../../types/index.js'
import type { EventMessage } from '../protocol/message.js'
import { ALL, NEW } from '../protocol/replay.js'
import { Deadline } from './deadline.js'
import { isUnanswered, JetStream, JetStreamError, type Bounds, type Stored } from './jetstream.js'
import { KEPT, keptOf, keptText } from './kept-header.js'
import { Tails, type Tail } from './tails.js'

/** How events are kept in JetStream. */
export interface NatsHistoryOptions {
  /**
   * A connection of `@nats-io/transport-node` 3. It stays the application's: the history never closes it. Give it
   * `maxReconnectAttempts: -1`, or it closes itself for good when the server is away for long.
   */
  readonly connection: NatsConnection
  /** First part of every subject: the events of channel `/a/b` are under `bayeux-history.a.b`. Default `bayeux`. */
  readonly prefix?: string
  /** The stream. It is made when it is first needed and not there; one that is there keeps its settings. Default `BAYEUX_HISTORY`. */
  readonly stream?: string
  /** Servers of the cluster that a stream which is made is on. Default 1. */
  readonly replicas?: number
  /** Bytes of a stream which is made, over all channels; then the oldest events are dropped. Default 1 GiB. */
  readonly maxBytes?: number
  /** JetStream's domain, where the connection's is not meant. */
  readonly domain?: string
  /** ms that JetStream may take to answer, being away included; then a publish or a replay is refused. Default 5000. */
  readonly timeout?: number
}

const PREFIX = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/

/**
 * A history in JetStream of nats-server 2.9 or later, which all nodes with this stream share and which outlives them. Ids
 * are the stream's sequences.
 * @throws TypeError where the prefix cannot be part of a subject
 */
export function natsHistory (options: NatsHistoryOptions): History {
  const { prefix = 'bayeux' } = options
  if (!PREFIX.test(prefix)) throw new TypeError(`${JSON.stringify(prefix)} is no prefix of subjects`)
  return new NatsHistory(`${prefix}-history`, options)
}

/** JetStream's `err_code` where another message came first, as servers spell it. */
const NOT_THE_LAST = [10071, 10164]
/** Messages that are read at once at most; a page is smaller, unless there is much that is too old. */
const BATCH = 1000

class NatsHistory implements History {
  readonly shared = true
  readonly #root: string
  readonly #config: object
  readonly #jetStream: JetStream
  readonly #timeout: number
  readonly #tails = new Tails()
  /** Settles when the stream is there; null: not asked yet. */
  #made: Promise<void> | null = null

  constructor (root: string, { connection, stream = 'BAYEUX_HISTORY', replicas = 1, maxBytes = 2 ** 30, domain, timeout = 5000 }: NatsHistoryOptions) {
    this.#root = root
    this.#config = { subjects: [`${root}.>`], retention: 'limits', storage: 'file', discard: 'old', num_replicas: replicas, max_bytes: maxBytes }
    this.#jetStream = new JetStream(connection, stream, domain)
    this.#timeout = timeout
  }

  async append (event: EventMessage, keep: Keep): Promise<Appended> {
    const text = JSON.stringify(event)
    const subject = this.#subjectOf(event.channel)
    return await this.#within(async deadline => {
      const tail = this.#tails.get(subject) ?? await this.#lookUp(subject, deadline)
      const appended = await this.#store(subject, text, keep, tail, deadline)
      if (this.#tails.move(subject, appended.id, keep.size)) this.#trim(subject, keep.size)
      return appended
    })
  }

  async since (channel: string, after: ReplayFrom, limit: number): Promise<HistoryPage | null> {
    const subject = this.#subjectOf(channel)
    return await this.#within(async deadline => {
      let last = await this.#jetStream.get({ last_by_subj: subject }, deadline)
      if (last === null || after > last.seq) {
        const bounds = await this.#jetStream.bounds(deadline)
        if (after >= 0) return isStanding(after, bounds, last) ? { events: [], last: after } : null
        // Something may have come before the bounds were asked for.
        last = await this.#jetStream.get({ last_by_subj: subject }, deadline)
        if (last === null) return { events: [], last: bounds.last }
      }
      if (after === NEW || after === last.seq) return { events: [], last: last.seq }
      const events = await this.#read(subject, after, limit, keptOf(last.headers) ?? { size: Infinity }, deadline)
      return events && { events, last: events.at(-1)?.id ?? last.seq }
    })
  }

  async channels (pattern: string): Promise<string[]> {
    const subject = this.#subjectOf(pattern).replace(/\*\*$/, '>')
    const subjects = await this.#within(deadline => this.#jetStream.subjects(subject, deadline))
    return subjects.map(each => each.slice(this.#root.length).replaceAll('.', '/'))
  }

  async close (): Promise<void> {}

  /** Stores an event as the one after the last, which another node may move on meanwhile. */
  async #store (subject: string, event: string, keep: Keep, tail: Tail, deadline: Deadline): Promise<Appended> {
    const name = randomUUID()
    for (;;) {
      const named = { 'Nats-Msg-Id': name, 'Nats-Expected-Last-Subject-Sequence': String(tail.seq), [KEPT]: keptText({ ...keep, before: tail.before }) }
      // Half of the time, so that it can be sent again where the answer is lost.
      const wait = Math.min(deadline.left, Math.ceil(this.#timeout / 2))
      try {
        const { seq, duplicate } = await this.#jetStream.publish(subject, event, named, wait)
        // It was stored before, and may have expected another then.
        const stored = duplicate ? keptOf((await this.#jetStream.get({ seq }, deadline))?.headers) : tail
        return { id: seq, before: stored?.before ?? 0 }
      } catch (error) {
        if (isNotTheLast(error)) tail = saidLast(error) ?? await this.#lookUp(subject, deadline)
        else if (!isUnanswered(error)) throw error
      }
    }
  }

  async #lookUp (subject: string, deadline: Deadline): Promise<Tail> {
    const last = await this.#jetStream.get({ last_by_subj: subject }, deadline)
    if (last !== null) return { seq: last.seq, before: last.seq }
    // The oldest of the stream are dropped first.
    return { seq: 0, before: (await this.#jetStream.bounds(deadline)).first - 1 }
  }

  // The next one does it where this one fails.
  #trim (subject: string, size: number): void {
    this.#jetStream.trim(subject, size, this.#deadline()).catch(() => {})
  }

  /**
   * The stream may have more than is kept: what has `size` others after it, and what is older than `ttl`, is gone.
   * @returns null where something after the id is gone
   */
  async #read (subject: string, after: ReplayFrom, limit: number, { size, ttl = Infinity }: Keep, deadline: Deadline): Promise<KeptEvent[] | null> {
    const all = after === ALL
    const oldest = Date.now() - ttl
    const start = all && ttl !== Infinity ? { time: oldest } : { seq: all ? 1 : after + 1 }
    const reader = await this.#jetStream.reader(subject, start, deadline)
    let previous = all ? Infinity : after
    const events: KeptEvent[] = []
    try {
      while (reader.pending > 0 && events.length < limit) {
        const tooMany = Math.max(0, reader.pending - size)
        if (tooMany > 0 && !all) return null
        for (const message of await reader.next(Math.min(BATCH, tooMany + limit - events.length, reader.pending), deadline)) {
          const kept = keptOf(message.headers)
          const gone = message.pending >= size || message.time <= oldest
          if (gone || (kept !== null && kept.before > previous)) {
            if (!all) return null
            events.length = 0
          }
          if (!gone && kept !== null) events.push({ id: message.seq, event: JSON.parse(message.text) })
          previous = message.seq
        }
      }
      return events.slice(0, limit)
    } finally {
      reader.end()
    }
  }

  #subjectOf (channel: string): string {
    return this.#root + channel.replaceAll('/', '.')
  }

  async #within<T> (run: (deadline: Deadline) => Promise<T>): Promise<T> {
    const deadline = this.#deadline()
    const made = this.#made ??= this.#jetStream.make(this.#config, deadline)
    try {
      await made
      return await run(deadline)
    } catch (error) {
      // The next one looks whether the stream is there, and makes it where it is not.
      if (this.#made === made) this.#made = null
      throw error
    }
  }

  #deadline (): Deadline {
    return new Deadline(this.#timeout, 'JetStream')
  }
}

// An id after which a channel has nothing, though it is not that of its last event. Where the channel has none, what was
// dropped is below the first of the stream.
function isStanding (id: number, { first, last }: Bounds, lastEvent: Stored | null): boolean {
  return id <= last && (lastEvent !== null || id >= first - 1)
}

function isNotTheLast (error: unknown): error is JetStreamError {
  return error instanceof JetStreamError && NOT_THE_LAST.includes(error.code)
}

// Servers say which is the last, most of the time. It saves the way to ask for it, in which another may come again.
function saidLast ({ message }: JetStreamError): Tail | null {
  const seq = Number(/\d+$/.exec(message)?.[0] ?? 0)
  return seq > 0 ? { seq, before: seq } : null
}
