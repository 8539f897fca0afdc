import type { ChannelOptions } from '../../types/index.js'
import { coveringNames } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { compile, type Validator } from '../protocol/schemas.js'

/** One entry of the option `channels`, with everything made once that its messages need. */
export class ChannelDefinition {
  /** The channel or pattern. */
  readonly name: string
  readonly options: ChannelOptions
  readonly #data: Validator | null

  constructor (name: string, options: ChannelOptions) {
    this.name = name
    this.options = options
    this.#data = options.schema === undefined ? null : compile(options.schema)
  }

  /** Why data may not be published to one of its channels; null where it may. */
  refuse (channel: string, data: unknown): Refusal | null {
    if (this.#data === null || this.#data.check(data)) return null
    const { pointer = '', message = '' } = this.#data.explain(data) ?? {}
    return refusal(422, channel, `Data does not fit the schema of the channel: ${pointer === '' ? '/' : pointer} ${message}`)
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
  /** By pattern: the definitions of what it covers, itself apart. */
  readonly #covered = new Map<string, ChannelDefinition[]>()
  readonly #remembered = new Map<string, ChannelDefinition | null>()

  constructor (options: Readonly<Record<string, ChannelOptions>>) {
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

  /** The definition that counts for a channel, or for a pattern as a whole; null where nothing is said of it. */
  of (channel: string): ChannelDefinition | null {
    const known = this.#remembered.get(channel)
    if (known !== undefined) return known
    const found = this.#find(channel)
    if (this.#remembered.size >= REMEMBERED) this.#remembered.clear()
    this.#remembered.set(channel, found)
    return found
  }

  /** The definitions that count for any channel of a pattern: its own, and of what it covers. */
  under (pattern: string): readonly ChannelDefinition[] {
    const own = this.of(pattern)
    const covered = this.#covered.get(pattern) ?? []
    return own === null ? covered : [own, ...covered]
  }

  #find (channel: string): ChannelDefinition | null {
    for (const name of coveringNames(channel)) {
      const definition = this.#definitions.get(name)
      if (definition !== undefined) return definition
    }
    return null
  }
}
