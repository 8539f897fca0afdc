import type { Backplane, BackplaneEnds } from '../../types/index.js'
import { carefully } from './carefully.js'
import { patiently } from './patience.js'
import type { ConnectionEnds, RedisConnection } from './redis/connection.js'
import { IoRedisConnection, type IoRedisClient } from './redis/ioredis.js'
import { Names } from './redis/names.js'
import { NodeRedisConnection, type NodeRedisClient } from './redis/node-redis.js'

/** A client of `redis` 4 to 6 or of `ioredis` 5 and 6, for one server; not one for a cluster. */
export type RedisClient = NodeRedisClient | IoRedisClient

/** How nodes meet over Redis. */
export interface RedisOptions {
  /**
   * A client that knows the way to the server; it need not be connected. The bus makes two connections of its own like it,
   * to speak and to hear, with the same options but for queues and repetitions, and closes them when it ends. The client
   * stays the application's; it gets a listener for `error`, so that an outage does not end the process by way of it.
   */
  readonly client: RedisClient
  /**
   * First part of every name: channel `/a/b` is `bayeux:/a/b`, and what nodes say to each other is below `bayeux-nodes:`.
   * Gateways with different prefixes do not hear each other. Default `bayeux`.
   */
  readonly prefix?: string
}

/**
 * A backplane over publish/subscribe of Redis. Whoever publishes to `bayeux:/a/b` publishes to channel `/a/b`.
 * @throws TypeError where the client is of no driver that is known, or the prefix cannot be part of a name
 */
export function redis ({ client, prefix = 'bayeux' }: RedisOptions): Backplane {
  return new RedisBackplane(client, new Names(prefix))
}

function connectionLike (client: RedisClient): RedisConnection {
  // Clients for a cluster, for sentinels and pools have no databases to select.
  if ('pSubscribe' in client && 'select' in client) return new NodeRedisConnection(client)
  if ('psubscribe' in client && !client.isCluster) return new IoRedisConnection(client)
  throw new TypeError('the client is not one of redis or ioredis for one server')
}

const ignore = () => {}

class RedisBackplane implements Backplane {
  readonly #names: Names
  readonly #speaking: RedisConnection
  readonly #hearing: RedisConnection
  /** The patterns that are wanted, by the name that is subscribed to for them. */
  readonly #interests = new Map<string, Set<string>>()
  #own: readonly string[] = []
  #ends: BackplaneEnds | null = null
  #ready = false
  #up = false
  /** Changes with every loss of a connection. */
  #stay = 0
  #settle = ignore

  constructor (client: RedisClient, names: Names) {
    this.#names = names
    this.#speaking = connectionLike(client)
    this.#hearing = connectionLike(client)
    client.on('error', ignore)
  }

  async open (node: string, ends: BackplaneEnds): Promise<void> {
    this.#own = [this.#names.all, this.#names.node(node)]
    this.#ends = carefully(ends)
    const connectionEnds: ConnectionEnds = {
      changed: () => this.#look(),
      heard: (text, name, by) => this.#hear(text, name, by),
      trouble: error => {
        this.#ends?.trouble?.(error)
        this.#settle()
      }
    }
    await new Promise<void>(resolve => {
      this.#settle = resolve
      this.#speaking.open(connectionEnds)
      this.#hearing.open(connectionEnds)
    })
  }

  publish (channel: string, payload: string): void {
    if (this.#up) this.#speaking.publish(this.#names.of(channel), payload).catch(error => this.#fail(error))
  }

  async interest (pattern: string, on: boolean): Promise<void> {
    const name = this.#names.of(pattern)
    const patterns = this.#interests.get(name) ?? new Set()
    if (on) this.#interests.set(name, patterns.add(pattern))
    else if (!patterns.delete(pattern)) return
    else if (patterns.size === 0) this.#interests.delete(name)
    else return
    if (this.#ready) await (on ? this.#hearing.subscribe(name) : this.#hearing.unsubscribe(name)).catch(error => this.#fail(error))
  }

  send (node: string, text: string): void {
    if (!this.#up) return
    this.#speaking.publish(this.#names.node(node), text).then(heard => {
      if (heard === 0) this.#ends?.absent(node)
    }, error => this.#fail(error))
  }

  shout (text: string): void {
    if (this.#up) this.#speaking.publish(this.#names.all, text).catch(error => this.#fail(error))
  }

  async flush (): Promise<void> {
    if (!this.#up) throw new Error('Redis is away')
    await this.#speaking.ping()
  }

  async close (): Promise<void> {
    const there = this.#up
    this.#ends = null
    this.#up = this.#ready = false
    this.#settle()
    // What was said goes out, and who speaks to this node from now on is told that it is gone.
    if (there) await patiently(Promise.all([this.#speaking.ping(), ...this.#own.map(name => this.#hearing.unsubscribe(name))]))
    this.#speaking.close()
    this.#hearing.close()
  }

  #look (): void {
    const ready = this.#speaking.ready && this.#hearing.ready && this.#ends !== null
    if (ready === this.#ready) return
    this.#ready = ready
    this.#stay++
    if (ready) this.#arrive().catch(error => this.#fail(error))
    else this.#turn(false)
  }

  /** Says what is wanted, and is there when the server has answered. */
  async #arrive (): Promise<void> {
    const stay = this.#stay
    const own = this.#own.map(name => this.#hearing.subscribe(name))
    // One that is refused does not keep the others away.
    const wanted = [...this.#interests.keys()].map(name => this.#hearing.subscribe(name).catch(error => this.#fail(error)))
    await Promise.all([...own, ...wanted])
    if (stay === this.#stay) this.#turn(true)
  }

  #turn (up: boolean): void {
    if (this.#ends === null || this.#up === up) return
    this.#up = up
    this.#ends.state(up)
    this.#settle()
  }

  #hear (text: string, name: string, by: string): void {
    if (this.#own.includes(by)) {
      this.#ends?.message(text)
      return
    }
    const channel = this.#names.channel(name)
    if (channel === null) return
    for (const pattern of this.#interests.get(by) ?? []) if (isUnder(channel, pattern)) this.#ends?.event(text, channel, pattern)
  }

  // What breaks with the connection is told once, by the connection.
  #fail (error: Error): void {
    if (this.#ready) this.#ends?.trouble?.(error)
  }
}

// A pattern of Redis also takes what is deeper.
function isUnder (channel: string, pattern: string): boolean {
  return !pattern.endsWith('/*') || channel.lastIndexOf('/') === pattern.length - '/*'.length
}
