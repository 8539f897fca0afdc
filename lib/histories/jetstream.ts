/** One stream of JetStream, as nats-server 2.9 and later know it. */
import { errors, headers, MsgHdrsImpl, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'
import type { Deadline } from './deadline.js'

interface ApiError {
  readonly err_code: number
  readonly description: string
}

interface StreamInfo {
  readonly state: { readonly first_seq: number, readonly last_seq: number, readonly subjects?: Record<string, number> }
  /** Subjects in all. */
  readonly total?: number
}

/** JetStream refuses; `code` is its `err_code`. */
export class JetStreamError extends Error {
  readonly code: number

  constructor ({ err_code: code, description }: ApiError) {
    super(`JetStream: ${description}`)
    this.code = code
  }
}

/** JetStream's `err_code` where there is no message, and no stream. */
const NO_MESSAGE = 10037
const NO_STREAM = 10059

/** A message as the stream has it. */
export interface Stored {
  readonly seq: number
  readonly headers: MsgHdrs | undefined
}

/** A message that was read in turn. */
export interface Read extends Stored {
  readonly text: string
  /** When it was stored, in ms. */
  readonly time: number
  /** Messages of its subject after it. */
  readonly pending: number
}

/** The bounds of what the stream has; where it is empty the first is the one to come. */
export interface Bounds {
  readonly first: number
  readonly last: number
}

export class JetStream {
  readonly #connection: NatsConnection
  readonly #api: string
  readonly #name: string

  /** @param domain JetStream's, where the connection's is not meant */
  constructor (connection: NatsConnection, name: string, domain?: string) {
    this.#connection = connection
    this.#api = domain === undefined ? '$JS.API' : `$JS.${domain}.API`
    this.#name = name
  }

  /** Makes the stream where it is not there; one that is there is left as it is. */
  async make (config: object, deadline: Deadline): Promise<void> {
    if (await unless(NO_STREAM, this.bounds(deadline)) !== null) return
    // Where another node has just made it, it is the same.
    await this.#ask('STREAM.CREATE', { name: this.#name, ...config }, deadline)
  }

  async bounds (deadline: Deadline): Promise<Bounds> {
    const { state } = await this.#ask<StreamInfo>('STREAM.INFO', {}, deadline)
    // Of a new stream it says 0.
    return { first: Math.max(1, state.first_seq), last: state.last_seq }
  }

  /** @returns the subjects under a pattern of which there is a message */
  async subjects (pattern: string, deadline: Deadline): Promise<string[]> {
    const found: string[] = []
    // It says so many at once, and of which page they are.
    for (;;) {
      const { state, total = 0 } = await this.#ask<StreamInfo>('STREAM.INFO', { subjects_filter: pattern, offset: found.length }, deadline)
      const page = Object.keys(state.subjects ?? {})
      found.push(...page)
      if (page.length === 0 || found.length >= total) return found
    }
  }

  /**
   * Stores a message.
   * @param named what it says of itself; with `Nats-Msg-Id` it is stored once, however often it is sent
   * @param ms for the answer
   */
  async publish (subject: string, text: string, named: Record<string, string>, ms: number): Promise<{ seq: number, duplicate: boolean }> {
    const all = headers()
    all.set('Nats-Expected-Stream', this.#name)
    for (const [name, value] of Object.entries(named)) all.set(name, value)
    const { seq, duplicate = false } = answerOf<{ seq: number, duplicate?: boolean }>(await this.#connection.request(subject, text, { headers: all, timeout: ms }))
    return { seq, duplicate }
  }

  /** @returns the last message of a subject, or the one of a number; null where there is none */
  async get (which: { last_by_subj: string } | { seq: number }, deadline: Deadline): Promise<Stored | null> {
    const found = await unless(NO_MESSAGE, this.#ask<{ message: { seq: number, hdrs?: string } }>('STREAM.MSG.GET', which, deadline))
    if (found === null) return null
    const { seq, hdrs } = found.message
    return { seq, headers: hdrs === undefined ? undefined : MsgHdrsImpl.decode(Buffer.from(hdrs, 'base64')) }
  }

  /** Drops the oldest messages of a subject. */
  async trim (subject: string, keep: number, deadline: Deadline): Promise<void> {
    await this.#ask('STREAM.PURGE', { filter: subject, keep }, deadline)
  }

  /**
   * Begins to read the messages of a subject.
   * @param start a number, or a time in ms: the first that is not before
   * @returns how many there are
   */
  async reader (subject: string, start: { seq: number } | { time: number }, deadline: Deadline): Promise<Reader> {
    const from = 'seq' in start
      ? { deliver_policy: 'by_start_sequence', opt_start_seq: start.seq }
      : { deliver_policy: 'by_start_time', opt_start_time: new Date(start.time).toISOString() }
    const made = await this.#ask<{ name: string, num_pending: number }>('CONSUMER.CREATE', {
      stream_name: this.#name,
      config: { ...from, filter_subject: subject, ack_policy: 'none', replay_policy: 'instant', mem_storage: true, num_replicas: 1, inactive_threshold: IDLE }
    }, deadline)
    return new Reader(this.#connection, this.#api, `${this.#name}.${made.name}`, made.num_pending)
  }

  // CONSUMER.CREATE too is said of the stream.
  async #ask<Answer> (what: string, question: object, deadline: Deadline): Promise<Answer> {
    return answerOf<Answer>(await this.#connection.request(`${this.#api}.${what}.${this.#name}`, JSON.stringify(question), { timeout: deadline.left }))
  }
}

// ns until the server drops a reader that nobody has ended.
const IDLE = 10_000_000_000

/** Reads the messages of a subject, the oldest first: a pull consumer that lives for one page. */
export class Reader {
  /** Messages that are still to be read, as far as is known. */
  pending: number
  readonly #connection: NatsConnection
  readonly #api: string
  readonly #name: string

  constructor (connection: NatsConnection, api: string, name: string, pending: number) {
    this.#connection = connection
    this.#api = api
    this.#name = name
    this.pending = pending
  }

  /** @returns the next messages; fewer only where there are no more */
  async next (count: number, deadline: Deadline): Promise<Read[]> {
    const asked = JSON.stringify({ batch: count, no_wait: true })
    const answers = await this.#connection.requestMany(`${this.#api}.CONSUMER.MSG.NEXT.${this.#name}`, asked, { strategy: 'count', maxMessages: count, maxWait: deadline.left, noMux: true })
    const found: Read[] = []
    let ended = false
    for await (const answer of answers) {
      // What is no message says that there are no more of them.
      ended = !answer.reply?.startsWith('$JS.ACK.')
      if (ended) break
      found.push(read(answer))
      ended = found.length === count
    }
    if (!ended) throw new Error('JetStream has not answered in time')
    this.pending = found.at(-1)?.pending ?? 0
    return found
  }

  /** The server forgets it. */
  end (): void {
    if (!this.#connection.isClosed()) this.#connection.publish(`${this.#api}.CONSUMER.DELETE.${this.#name}`)
  }
}

/** Whether there was no answer: what was asked for may be done all the same. */
export function isUnanswered (error: unknown): boolean {
  return error instanceof errors.TimeoutError
}

// Null where JetStream refuses for that reason.
async function unless<T> (code: number, asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof JetStreamError && error.code === code) return null
    throw error
  }
}

function answerOf<Answer> (message: Msg): Answer {
  const answer = message.json<Answer & { error?: ApiError }>()
  if (answer.error !== undefined) throw new JetStreamError(answer.error)
  return answer
}

// Where it stands is in its reply: $JS.ACK.[DOMAIN.ACCOUNT.]STREAM.CONSUMER.DELIVERED.SEQ.DELIVERY.NS.PENDING[.TOKEN]
function read (message: Msg): Read {
  const tokens = (message.reply as string).split('.')
  const [seq, , ns, pending] = tokens.slice(tokens.length === 9 ? 5 : 7).map(Number) as [number, number, number, number]
  return { seq, headers: message.headers, text: Buffer.from(message.data).toString(), time: ns / 1e6, pending }
}
