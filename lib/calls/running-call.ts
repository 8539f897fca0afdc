import type { Recipient } from '../../types/index.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { MessageId } from '../protocol/message.js'
import { Outgoing } from '../protocol/outgoing.js'
import type { Callable } from './callable.js'
import { carried } from './carried.js'

// Characters of what a handler says about its failure.
const LONGEST_TEXT = 1000

/** What a call is part of, and tells of itself. */
export interface RunningCallParts {
  readonly callable: Callable
  readonly session: Recipient
  readonly id: MessageId | undefined
  /** ms that the answer may take. */
  readonly timeout: number
  /** Told once, when its handler is done: late ones count as well. */
  readonly onSettled: (call: RunningCall) => void
  readonly onFailed: (error: Refusal) => void
}

/** A call of a client while it runs: it is answered once, by its handler, its deadline, or not at all where the session ends. */
export class RunningCall {
  readonly #parts: RunningCallParts
  readonly #over = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor (parts: RunningCallParts) {
    this.#parts = parts
  }

  run (params: unknown): void {
    const { callable, session, timeout, onSettled } = this.#parts
    let result: unknown
    try {
      result = callable.handler(params, { session, signal: this.#over.signal })
    } catch (error) {
      onSettled(this)
      return this.#threw(error)
    }
    if (!isThenable(result)) {
      onSettled(this)
      return this.#returned(result)
    }
    this.#timer = setTimeout(() => this.#late(), timeout)
    const done = (tell: () => void) => {
      onSettled(this)
      tell()
    }
    result.then(value => done(() => this.#returned(value)), error => done(() => this.#threw(error)))
  }

  /** Nobody waits for the answer any more. */
  abort (reason: Error): void {
    clearTimeout(this.#timer)
    this.#over.abort(reason)
  }

  #late (): void {
    this.#fail(refusal(504, this.#parts.callable.channel))
    this.abort(new DOMException(`No answer within ${this.#parts.timeout} ms`, 'TimeoutError'))
  }

  #returned (result: unknown): void {
    const { callable, session } = this.#parts
    if (this.#over.signal.aborted) return
    const wrong = callable.wrong(result)
    const answer = wrong === null ? this.#answerOf(result) : null
    if (answer !== null) return this.#say(answer)
    session.log.error({ channel: callable.channel, wrong: wrong ?? 'not JSON' }, 'the result of a call does not fit')
    this.#fail(refusal(500, callable.channel))
  }

  #threw (error: unknown): void {
    const { callable, session } = this.#parts
    if (this.#over.signal.aborted) return
    const said = saidBy(error, callable.channel)
    if (said === null) session.log.error({ err: error, channel: callable.channel }, 'a call failed')
    this.#fail(said ?? refusal(500, callable.channel))
  }

  // An answer without data would be an acknowledgement.
  #answerOf (data: unknown = null): Outgoing | null {
    const { callable: { channel }, id } = this.#parts
    if (typeof data === 'function' || typeof data === 'symbol') return null
    return carried({ channel, successful: true, ...(id !== undefined && { id }), data })
  }

  #fail (error: Refusal): void {
    const { callable: { channel }, id, onFailed } = this.#parts
    onFailed(error)
    this.#say(Outgoing.reply({ channel, successful: false, ...(id !== undefined && { id }), error }))
  }

  #say (answer: Outgoing): void {
    clearTimeout(this.#timer)
    this.#parts.session.take(answer)
  }
}

function isThenable (value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
}

// What a handler says on purpose. 402 means something else to clients: that their session is gone.
function saidBy (error: unknown, channel: string): Refusal | null {
  const { statusCode, message } = (error ?? {}) as { statusCode?: unknown, message?: unknown }
  if (!Number.isInteger(statusCode) || Number(statusCode) < 400 || Number(statusCode) > 499) return null
  const code = statusCode === 402 ? 403 : statusCode as 403
  return refusal(code, channel, String(message).slice(0, LONGEST_TEXT))
}
