import type { Connector, Encoding, Framing, ServiceFigures } from '../../types/index.js'
import { encodings } from '../encoding/index.js'
import { framingOf } from '../framing/index.js'
import type { ServiceOptions } from '../options/index.js'
import { serviceChannel } from '../protocol/channel.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { Envelope } from '../protocol/events.js'
import { compile, type Validator } from '../protocol/schemas.js'
import type { Standing } from './standing.js'

/** One entry of `services`, with everything made once that its conversations need. */
export class Service {
  readonly name: string
  readonly channel: string
  readonly definition: ServiceOptions
  readonly connector: Connector
  readonly framing: Framing
  readonly encoding: Encoding
  readonly figures: ServiceFigures
  /** What stands around its messages when they go to clients. */
  readonly envelope: Envelope
  readonly standing: Standing
  /** Whether clients may write to it, as far as the definition says. */
  readonly writable: boolean
  readonly #publish: Validator | null
  readonly #event: Validator | null

  constructor (name: string, definition: ServiceOptions, connector: Connector, figures: ServiceFigures, standing: Standing) {
    const { schema, shared } = definition
    this.name = name
    this.channel = serviceChannel(name)
    this.definition = definition
    this.connector = connector
    this.framing = framingOf(definition.framing ?? 'raw')
    this.encoding = encodings[definition.encoding]
    this.figures = figures
    this.envelope = new Envelope(this.channel, this.encoding.ext)
    this.standing = standing
    this.writable = definition.writable ?? shared === false
    this.#publish = schema?.publish === undefined ? null : compile(schema.publish)
    this.#event = schema?.event === undefined ? null : compile(schema.event)
  }

  /** Why a client's data may not be written; null where it may. */
  refuse (data: unknown): Refusal | null {
    if (!this.writable) return refusal(405, this.channel, 'Service is read-only')
    if (this.#publish === null || this.#publish.check(data)) return null
    const { pointer = '', message = '' } = this.#publish.explain(data) ?? {}
    return refusal(422, this.channel, `Data does not fit the schema of the service: ${pointer === '' ? '/' : pointer} ${message}`)
  }

  /** Whether data of the service may go to clients. */
  accepts (data: unknown): boolean {
    return this.#event === null || this.#event.check(data)
  }
}
