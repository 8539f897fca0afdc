import type { ChannelOptions, Session } from '../../types/index.js'
import { coveringNames, readChannel, type ChannelLimits } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { compile, type Validator } from '../protocol/schemas.js'
import { Bucket } from './bucket.js'

/** One entry of the option `channels`, with everything made once that its messages need. */
export class ChannelDefinition {
  /** The channel or pattern. */
  readonly name: string
  readonly options: ChannelOptions
  readonly #data: Validator | null
  readonly #buckets = new WeakMap<Session, Bucket>()

  constructor (name: string, options: ChannelOptions) {
    this.name = name
    this.options = options
    this.#data = options.schema === undefined ? null : compile(options.schema)
  }

  /** What is wrong with the data of a publish, for a person to read; null where it fits. */
  explain (data: unknown): string | null {
    if (this.#data === null || this.#data.check(data)) return null
    const { pointer = '', message = '' } = this.#data.explain(data) ?? {}
    return `Data does not fit the schema of the channel: ${pointer === '' ? '/' : pointer} ${message}`
  }

  /** Why data may not be published to one of its channels; null where it may. */
  refuse (channel: string, data: unknown): Refusal | null {
    const wrong = this.explain(data)
    return wrong === null ? null : refusal(422, channel, wrong)
  }

  /** Whether its rate allows a session one more message. */
  mayPublish (session: Session): boolean {
    const { rate } = this.options
    if (rate === undefined) return true
    let bucket = this.#buckets.get(session)
    if (bucket === undefined) this.#buckets.set(session, bucket = new Bucket(rate.messages, rate.burst))
    return bucket.take()
  }
}

// Channels whose definition is remembered; who invents names costs a few look-ups each, and no memory.
const REMEMBERED = 10_000

/**
 * The option `channels`, compiled once at start. The most specific definition of a channel is the one that counts:
 * the channel itself, then `parent/*`, then the deepest `/**`.
 */
export class Channels {
  readonly #definitions: ReadonlyMap<string, ChannelDefinition>
  readonly #limits: ChannelLimits
  /** By pattern: the definitions of what it covers, itself apart. */
  readonly #covered = new Map<string, ChannelDefinition[]>()
  readonly #remembered = new Map<string, ChannelDefinition | null>()
  // A publish asks several times for the same.
  #last = ''
  #lastFound: ChannelDefinition | null = null

  constructor (options: Readonly<Record<string, ChannelOptions>>, limits: ChannelLimits) {
    this.#limits = limits
    this.#definitions = new Map(Object.entries(options).map(([name, each]) => [name, new ChannelDefinition(name, each)]))
    for (const [name, definition] of this.#definitions) {
      for (const pattern of coveringNames(name)) {
        if (pattern === name) continue
        const covered = this.#covered.get(pattern)
        if (covered === undefined) this.#covered.set(pattern, [definition])
        else covered.push(definition)
      }
    }
  }

  /** All of them, in their order. */
  get all (): Iterable<ChannelDefinition> {
    return this.#definitions.values()
  }

  /** Whether any of them says something. */
  some (says: (options: ChannelOptions) => boolean): boolean {
    return [...this.all].some(({ options }) => says(options))
  }

  /** The definition that counts for a channel, or for a pattern as a whole; null where nothing is said of it. */
  of (channel: string): ChannelDefinition | null {
    if (channel === this.#last) return this.#lastFound
    let found = this.#remembered.get(channel)
    if (found === undefined) {
      found = this.#find(channel)
      if (this.#remembered.size >= REMEMBERED) this.#remembered.clear()
      this.#remembered.set(channel, found)
    }
    this.#last = channel
    this.#lastFound = found
    return found
  }

  /** Whether a channel has a history, and whether who subscribes to it gets what is kept without asking. */
  readonly keeps = (channel: string): boolean => this.of(channel)?.options.history !== undefined
  readonly retains = (channel: string): boolean => this.of(channel)?.options.retain === true

  /** Whether a session that reads too slowly loses the oldest events of a channel. */
  readonly drops = (channel: string): boolean => this.of(channel)?.options.overflow === 'drop-oldest'

  /** The definitions that count for some channel of a pattern: the one of the pattern as a whole, and those of what it covers. */
  under (pattern: string): readonly ChannelDefinition[] {
    const whole = this.of(pattern)
    const covered = this.#covered.get(pattern) ?? []
    return whole === null ? covered : [whole, ...covered]
  }

  #find (channel: string): ChannelDefinition | null {
    if (readChannel(channel, this.#limits)?.kind !== 'broadcast') return null
    for (const name of coveringNames(channel)) {
      const definition = this.#definitions.get(name)
      if (definition !== undefined) return definition
    }
    return null
  }
}
