import type { Session, Verdict } from '../../types/index.js'
import type { CallOptions } from '../options/index.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { compile, type Validator } from '../protocol/schemas.js'

/** One call that clients may make, with its schemas compiled once. */
export class Callable {
  readonly channel: string
  readonly handler: CallOptions['handler']
  /** ms; undefined where the limit counts. */
  readonly timeout: number | undefined
  /** The schemas as they were given. */
  readonly params: CallOptions['params']
  readonly result: CallOptions['result']
  readonly #authorize: CallOptions['authorize']
  readonly #params: Validator | null
  readonly #result: Validator | null

  constructor (channel: string, { handler, timeout, authorize, params, result }: CallOptions) {
    this.channel = channel
    this.handler = handler
    this.timeout = timeout
    this.params = params
    this.result = result
    this.#authorize = authorize
    this.#params = params === undefined ? null : compile(params)
    this.#result = result === undefined ? null : compile(result)
  }

  /** May this session make the call? */
  ask (session: Session): Verdict {
    return this.#authorize === undefined || this.#authorize(session)
  }

  /** Why parameters are refused; null where they fit. */
  refuse (params: unknown): Refusal | null {
    const wrong = misfit(this.#params, params)
    return wrong === null ? null : refusal(422, this.channel, `Parameters do not fit: ${wrong}`)
  }

  /** What is wrong with a result; null where it fits. */
  wrong (result: unknown): string | null {
    return misfit(this.#result, result)
  }
}

/** What is wrong with a value, and where; null where it fits. */
export function misfit (validator: Validator | null, value: unknown): string | null {
  if (validator === null || validator.check(value)) return null
  const { pointer = '', message = '' } = validator.explain(value) ?? {}
  return `${pointer === '' ? '/' : pointer} ${message}`
}
