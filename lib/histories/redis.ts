import { randomBytes } from 'node:crypto'
import type { Appended, History, HistoryPage, Keep, KeptEvent, ReplayFrom } from '../../types/index.js'
import type { EventMessage } from '../protocol/message.js'
import { Deadline } from './deadline.js'
import { ScriptRunner, type IoRedis, type NodeRedis } from './redis-client.js'
import { APPEND, FORGET, LIST, SINCE, UNDER, type Script } from './redis-scripts.js'

/** How events are kept in Redis. */
export interface RedisHistoryOptions {
  /**
   * A client or cluster of `redis` (from 4 on) or `ioredis`, which the application connects and listens to for errors. It
   * stays the application's: the history never closes it.
   */
  readonly client: NodeRedis | IoRedis
  /** First part of every key. Gateways with different prefixes share nothing. Default `bayeux`. */
  readonly prefix?: string
  /** Channels at most of which something is kept; then the one that was published to longest ago is forgotten. Default 10000. */
  readonly maxChannels?: number
  /** ms that Redis may take to answer, being away included; then a publish or a replay is refused. Default 5000. */
  readonly timeout?: number
}

/**
 * A history in Redis 5 or later, which all nodes with this prefix share and which outlives them. Events are in one stream
 * a channel.
 * @throws TypeError where the client is none
 */
export function redisHistory ({ client, prefix = 'bayeux', maxChannels = 10_000, timeout = 5000 }: RedisHistoryOptions): History {
  return new RedisHistory(new ScriptRunner(client), `${prefix}-history:`, maxChannels, timeout)
}

// ms that a channel is remembered after its last event, so that its ids go on, and who has seen that can come back.
const BEYOND = 7 * 24 * 60 * 60 * 1000
// ms until which a channel is listed: beyond its events, for the clocks of nodes differ a little; and where they have no ttl.
const LONGER = 60_000
const FOR_EVER = 1e14

class RedisHistory implements History {
  readonly shared = true
  readonly #redis: ScriptRunner
  readonly #prefix: string
  readonly #maxChannels: number
  readonly #timeout: number
  /** Names the appends of this node. */
  readonly #name = randomBytes(6).toString('hex')
  #appends = 0

  constructor (redis: ScriptRunner, prefix: string, maxChannels: number, timeout: number) {
    this.#redis = redis
    this.#prefix = prefix
    this.#maxChannels = maxChannels
    this.#timeout = timeout
  }

  async append (event: EventMessage, { size, ttl = 0 }: Keep): Promise<Appended> {
    const { channel } = event
    const values = [JSON.stringify(event), `${this.#name}:${++this.#appends}`, size, ttl, BEYOND]
    const [given] = await Promise.all([this.#run(APPEND, this.#keysOf(channel), values), this.#list(channel, ttl)])
    const id = Number(given)
    return { id, before: id - 1 }
  }

  async since (channel: string, after: ReplayFrom, limit: number): Promise<HistoryPage | null> {
    const found = await this.#run(SINCE, this.#keysOf(channel), [after, limit, BEYOND]) as unknown[] | null
    if (found === null) return null
    const events: KeptEvent[] = []
    for (let at = 1; at < found.length; at += 2) events.push({ id: Number(found[at]), event: JSON.parse(String(found[at + 1])) })
    return { events, last: events.at(-1)?.id ?? Number(found[0]) }
  }

  async channels (pattern: string): Promise<string[]> {
    const deep = pattern.endsWith('/**')
    const parent = pattern.slice(0, deep ? -2 : -1)
    return (await this.#run(UNDER, [this.#index], [Date.now(), parent, deep ? 1 : 0]) as unknown[]).map(String)
  }

  async close (): Promise<void> {}

  get #index (): string {
    return `${this.#prefix}channels`
  }

  // What is in the braces decides where in a cluster they are.
  #keysOf (channel: string): string[] {
    const key = `${this.#prefix}{${channel}}`
    return [`${key}:events`, key]
  }

  async #list (channel: string, ttl: number): Promise<void> {
    const now = Date.now()
    const till = now + (ttl > 0 ? ttl + LONGER : FOR_EVER)
    const tooMany = await this.#run(LIST, [this.#index], [channel, till, now, this.#maxChannels]) as unknown[]
    await Promise.all(tooMany.map(each => this.#run(FORGET, this.#keysOf(String(each)), [])))
  }

  #run (script: Script, keys: string[], values: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.run(script, keys, values, new Deadline(this.#timeout, 'Redis'))
  }
}
