import type { ServiceEvent, ServiceHealth, Session, Watcher } from '../../types/index.js'
import type { Refusal } from '../protocol/error.js'

/** How a service stands, from what its connections met; who watches is told of each. */
export class Standing {
  readonly #service: string
  readonly #watcher: Watcher<ServiceEvent>
  // How the last attempt to connect ended; and when the next one is, where one is waited for.
  #reached: 'unknown' | 'up' | 'down' = 'unknown'
  #retryAt: number | null = null
  #since: number | null = null
  #lastError: ServiceHealth['lastError'] = null

  constructor (service: string, watcher: Watcher<ServiceEvent>) {
    this.#service = service
    this.#watcher = watcher
  }

  /** @param ms that it took */
  connected (session: Session | null, ms: number): void {
    this.#become('up', null)
    this.#tell({ session, state: 'connected', ms })
  }

  unreachable (session: Session | null, error: Refusal, cause: unknown): void {
    this.#become('down', null)
    this.#lastError = { error, at: Date.now() }
    this.#tell({ session, state: 'unreachable', error, cause })
  }

  /** @param error where that is no good end, with what caused it */
  ended (session: Session | null, reason: string, error?: Refusal, cause?: unknown): void {
    if (error !== undefined) this.#lastError = { error, at: Date.now() }
    this.#tell({ session, state: 'ended', reason, ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) })
  }

  /** @param ms until the next attempt */
  reconnecting (ms: number): void {
    // What broke may be reachable: the next attempt will say.
    this.#become(this.#reached === 'down' ? 'down' : 'unknown', Date.now() + ms)
    this.#tell({ session: null, state: 'reconnecting', ms })
  }

  /** Nobody wants it any more: there is no next attempt. */
  rest (): void {
    this.#become(this.#reached, null)
  }

  /** @param open connections to it now */
  health (open: number): ServiceHealth {
    const state = this.#state
    const retryAt = this.#retryAt
    return { ok: state === 'up' || state === 'unknown', state, since: this.#since, open, ...(retryAt !== null && { retryAt }), lastError: this.#lastError }
  }

  get #state (): ServiceHealth['state'] {
    return this.#retryAt === null ? this.#reached : 'reconnecting'
  }

  #become (reached: 'unknown' | 'up' | 'down', retryAt: number | null): void {
    const before = this.#state
    this.#reached = reached
    this.#retryAt = retryAt
    if (this.#state !== before) this.#since = this.#state === 'unknown' ? null : Date.now()
  }

  #tell (event: Omit<ServiceEvent, 'service'>): void {
    if (this.#watcher.hasSubscribers) this.#watcher.publish({ service: this.#service, ...event })
  }
}
