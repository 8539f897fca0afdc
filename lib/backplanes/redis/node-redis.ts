import type { ConnectionEnds, RedisConnection } from './connection.js'
import { isGlob } from './names.js'

type Listener = (text: string, name: string) => void

/** What is used of a client of `redis` 4 to 6. */
export interface NodeRedisClient {
  readonly isReady: boolean
  duplicate (overrides: { disableOfflineQueue: boolean, commandOptions: { timeout: undefined } }): NodeRedisClient
  connect (): Promise<unknown>
  on (event: string, listener: (error: Error) => void): unknown
  off (event: string, listener: (error: Error) => void): unknown
  publish (name: string, text: string): Promise<unknown>
  subscribe (name: string, listener: Listener): Promise<void>
  unsubscribe (name: string, listener: Listener): Promise<void>
  pSubscribe (glob: string, listener: Listener): Promise<void>
  pUnsubscribe (glob: string, listener: Listener): Promise<void>
  ping (): Promise<unknown>
  destroy? (): void
  disconnect (): unknown
}

/** A connection of the driver `redis`. It subscribes again by itself, before it is ready. */
export class NodeRedisConnection implements RedisConnection {
  readonly #client: NodeRedisClient
  readonly #globs = new Map<string, Listener>()
  #ends: ConnectionEnds | null = null

  /** @param client a client that knows the way; it is only copied */
  constructor (client: NodeRedisClient) {
    // A timer and a signal for each command cost more than the command; the node itself sees when the bus does not answer.
    this.#client = client.duplicate({ disableOfflineQueue: true, commandOptions: { timeout: undefined } })
  }

  get ready (): boolean {
    return this.#client.isReady
  }

  open (ends: ConnectionEnds): void {
    this.#ends = ends
    this.#client.on('error', error => {
      ends.changed()
      ends.trouble(error)
    })
    for (const event of ['ready', 'reconnecting', 'end']) this.#client.on(event, () => ends.changed())
    // What it fails with was told as an error.
    this.#client.connect().catch(() => {})
  }

  async publish (name: string, text: string): Promise<number> {
    return Number(await this.#client.publish(name, text))
  }

  subscribe (name: string): Promise<void> {
    return isGlob(name) ? this.#client.pSubscribe(name, this.#listenerFor(name)) : this.#client.subscribe(name, this.#hear)
  }

  async unsubscribe (name: string): Promise<void> {
    // Always with the listener: without it the driver takes one that subscribes right after for subscribed already.
    if (!isGlob(name)) return this.#client.unsubscribe(name, this.#hear)
    const listener = this.#globs.get(name)
    this.#globs.delete(name)
    if (listener !== undefined) await this.#client.pUnsubscribe(name, listener)
  }

  ping (): Promise<unknown> {
    return this.#client.ping()
  }

  close (): void {
    // It fails where it was closed already.
    this.#end().catch(() => {})
  }

  async #end (): Promise<void> {
    // Version 4 has no `destroy`.
    if (this.#client.destroy !== undefined) this.#client.destroy()
    else await this.#client.disconnect()
  }

  readonly #hear: Listener = (text, name) => this.#ends?.heard(text, name, name)

  // The driver does not say by which pattern something came, so each has a listener of its own.
  #listenerFor (glob: string): Listener {
    const known = this.#globs.get(glob)
    if (known !== undefined) return known
    const listener: Listener = (text, name) => {
      // The driver brings back one whose end was not answered when the connection broke.
      if (this.#globs.get(glob) === listener) this.#ends?.heard(text, name, glob)
    }
    this.#globs.set(glob, listener)
    return listener
  }
}
