import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { Backplane, BackplaneEnds } from '../../types/index.js'
import { carefully } from './carefully.js'
import { Subjects } from './nats/subjects.js'
import { patiently } from './patience.js'

/** How nodes meet over NATS. */
export interface NatsOptions {
  /**
   * A connection of `@nats-io/transport-node` 3. It stays the application's: the bus never closes it. Give it
   * `maxReconnectAttempts: -1`, or it closes itself for good when the server is away for long.
   */
  readonly connection: NatsConnection
  /**
   * First part of every subject: channel `/a/b` is `bayeux.a.b`, and what nodes say to each other is below `bayeux-nodes`.
   * Gateways with different prefixes do not hear each other. Default `bayeux`.
   */
  readonly prefix?: string
}

/**
 * A backplane over NATS. Whoever publishes to `bayeux.a.b` publishes to channel `/a/b`.
 * @throws TypeError where the prefix cannot be part of a subject
 */
export function nats ({ connection, prefix = 'bayeux' }: NatsOptions): Backplane {
  return new NatsBackplane(connection, new Subjects(prefix))
}

type Heard = (message: Msg) => void

const NO_RESPONDERS = 503

class NatsBackplane implements Backplane {
  readonly #connection: NatsConnection
  readonly #subjects: Subjects
  /** What is to be heard, by subject, whether the bus is there or not. */
  readonly #wanted = new Map<string, Heard>()
  readonly #subscriptions = new Map<string, Subscription>()
  #name = ''
  #ends: BackplaneEnds | null = null
  #up = false
  /** What this turn of the event loop says: it leaves in one write, where the driver alone would make one for each request. */
  #saying: { readonly subject: string, readonly text: string, readonly reply: string | undefined }[] = []
  /** Changes with every loss of the connection. */
  #stay = 0

  constructor (connection: NatsConnection, subjects: Subjects) {
    this.#connection = connection
    this.#subjects = subjects
  }

  get longest (): number | undefined {
    return this.#connection.info?.max_payload
  }

  async open (node: string, ends: BackplaneEnds): Promise<void> {
    if (this.#connection.isClosed() || this.#connection.isDraining()) throw new Error('the connection to NATS is closed')
    this.#name = node
    this.#ends = carefully(ends)
    const subjects = this.#subjects
    this.#wanted.set(subjects.all, message => this.#ends?.message(textOf(message)))
    this.#wanted.set(subjects.node(node), message => this.#ends?.message(textOf(message)))
    this.#wanted.set(subjects.absence('*', node), message => this.#hearOfAbsence(message))
    this.#follow().catch(error => this.#ends?.trouble?.(error))
    await this.#arrive()
  }

  publish (channel: string, payload: string): void {
    this.#say(this.#subjects.of(channel), payload)
  }

  async interest (pattern: string, on: boolean): Promise<void> {
    const subject = this.#subjects.of(pattern)
    if (on) this.#wanted.set(subject, pattern.endsWith('*') ? message => this.#hearUnder(pattern, message) : message => this.#ends?.event(textOf(message), pattern, pattern))
    else this.#wanted.delete(subject)
    if (!this.#up) return
    this.#catchUp(subject)
    // It fails where the connection breaks: then the bus is gone.
    await this.#connection.flush().catch(() => {})
  }

  send (node: string, text: string): void {
    this.#say(this.#subjects.node(node), text, this.#subjects.absence(node, this.#name))
  }

  shout (text: string): void {
    this.#say(this.#subjects.all, text)
  }

  async flush (): Promise<void> {
    // The connection would keep it until it is back.
    if (!this.#up) throw new Error('NATS is away')
    this.#speak()
    await this.#connection.flush()
  }

  async close (): Promise<void> {
    const there = this.#up
    this.#speak()
    this.#ends = null
    this.#up = false
    this.#wanted.clear()
    for (const subject of [...this.#subscriptions.keys()]) this.#catchUp(subject)
    // What was said goes out, and who speaks to this node from now on is told that it is gone.
    if (there) await patiently(this.#connection.flush())
  }

  /** Follows how the connection fares, as long as both are there. */
  async #follow (): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (this.#ends === null) return
      if (status.type === 'disconnect') this.#leave()
      else if (status.type === 'reconnect') this.#arrive()
      else if (status.type === 'error') this.#ends.trouble?.(status.error)
    }
    this.#leave()
    this.#ends?.trouble?.(new Error('the connection to NATS is closed for good'))
  }

  /** Says what is wanted, and is there when the server has answered. */
  async #arrive (): Promise<void> {
    const stay = this.#stay
    for (const subject of new Set([...this.#wanted.keys(), ...this.#subscriptions.keys()])) this.#catchUp(subject)
    try {
      await this.#connection.flush()
    } catch {
      return
    }
    if (stay === this.#stay) this.#turn(true)
  }

  #leave (): void {
    this.#stay++
    this.#turn(false)
  }

  #turn (up: boolean): void {
    if (this.#ends === null || this.#up === up) return
    this.#up = up
    this.#ends.state(up)
  }

  /** Makes the subscription to a subject what it should be. The connection renews those that it has by itself. */
  #catchUp (subject: string): void {
    const wanted = this.#wanted.has(subject)
    const subscription = this.#subscriptions.get(subject)
    try {
      if (wanted && subscription === undefined) this.#subscribe(subject)
      if (wanted || subscription === undefined) return
      this.#subscriptions.delete(subject)
      subscription.unsubscribe()
    } catch (error) {
      this.#ends?.trouble?.(error as Error)
    }
  }

  #subscribe (subject: string): void {
    const callback = (error: Error | null, message: Msg) => {
      // It is refused: the connection has ended it, and says so among its states too.
      if (error !== null) this.#subscriptions.delete(subject)
      else this.#wanted.get(subject)?.(message)
    }
    this.#subscriptions.set(subject, this.#connection.subscribe(subject, { callback }))
  }

  // Nothing is said while the bus is gone: the connection would keep it, without a bound.
  #say (subject: string, text: string, reply?: string): void {
    if (this.#up && this.#saying.push({ subject, text, reply }) === 1) setImmediate(() => this.#speak())
  }

  #speak (): void {
    const saying = this.#saying
    this.#saying = []
    if (!this.#up) return
    for (const { subject, text, reply } of saying) {
      try {
        // As bytes: the driver would make a buffer of its own for each text.
        this.#connection.publish(subject, Buffer.from(text), reply === undefined ? {} : { reply })
      } catch (error) {
        this.#ends?.trouble?.(error as Error)
      }
    }
  }

  // The subject of one channel says nothing new; under a pattern it says which it is.
  #hearUnder (pattern: string, message: Msg): void {
    const channel = this.#subjects.channel(message.subject)
    if (channel !== null) this.#ends?.event(textOf(message), channel, pattern)
  }

  #hearOfAbsence ({ subject, headers }: Msg): void {
    if (headers?.code === NO_RESPONDERS) this.#ends?.absent(subject.slice(subject.lastIndexOf('.') + 1))
  }
}

// As the driver does it, but it would take a byte order mark away.
function textOf ({ data }: Msg): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
}
