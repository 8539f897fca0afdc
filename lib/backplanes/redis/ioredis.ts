import type { ConnectionEnds, RedisConnection } from './connection.js'
import { isGlob } from './names.js'

interface Overrides {
  lazyConnect: boolean
  enableOfflineQueue: boolean
  autoResubscribe: boolean
  autoResendUnfulfilledCommands: boolean
  keyPrefix: string
}

/** What is used of a client of `ioredis` 5 and 6. */
export interface IoRedisClient {
  readonly status: string
  readonly isCluster: boolean
  duplicate (overrides: Overrides): IoRedisClient
  connect (): Promise<unknown>
  on (event: string, listener: (...values: any[]) => void): unknown
  off (event: string, listener: (...values: any[]) => void): unknown
  publish (name: string, text: string): Promise<number>
  subscribe (name: string): Promise<unknown>
  unsubscribe (name: string): Promise<unknown>
  psubscribe (glob: string): Promise<unknown>
  punsubscribe (glob: string): Promise<unknown>
  ping (): Promise<unknown>
  disconnect (): void
}

/** A connection of the driver `ioredis`. */
export class IoRedisConnection implements RedisConnection {
  readonly #client: IoRedisClient
  /** How to reject what is not answered yet: the driver forgets it when the connection breaks. */
  readonly #unanswered = new Set<(error: Error) => void>()

  /** @param client a client that knows the way; it is only copied */
  constructor (client: IoRedisClient) {
    // By itself it would say again what it cannot know to be lost, and nobody could catch what a new subscription fails with.
    this.#client = client.duplicate({ lazyConnect: true, enableOfflineQueue: false, autoResubscribe: false, autoResendUnfulfilledCommands: false, keyPrefix: '' })
  }

  get ready (): boolean {
    return this.#client.status === 'ready'
  }

  open (ends: ConnectionEnds): void {
    this.#client.on('error', (error: Error) => ends.trouble(error))
    this.#client.on('close', () => {
      for (const reject of this.#unanswered) reject(new Error('the connection to Redis is closed'))
    })
    for (const event of ['ready', 'close', 'end']) this.#client.on(event, () => ends.changed())
    this.#client.on('message', (name: string, text: string) => ends.heard(text, name, name))
    this.#client.on('pmessage', (glob: string, name: string, text: string) => ends.heard(text, name, glob))
    // What it fails with was told as an error.
    this.#client.connect().catch(() => {})
  }

  publish (name: string, text: string): Promise<number> {
    return this.#answer(this.#client.publish(name, text))
  }

  subscribe (name: string): Promise<unknown> {
    return this.#answer(isGlob(name) ? this.#client.psubscribe(name) : this.#client.subscribe(name))
  }

  unsubscribe (name: string): Promise<unknown> {
    return this.#answer(isGlob(name) ? this.#client.punsubscribe(name) : this.#client.unsubscribe(name))
  }

  ping (): Promise<unknown> {
    return this.#answer(this.#client.ping())
  }

  close (): void {
    this.#client.disconnect()
  }

  #answer<T> (command: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#unanswered.add(reject)
      command.then(resolve, reject).finally(() => this.#unanswered.delete(reject))
    })
  }
}
