import { RealtimeError } from '../error.js'
import { host } from '../host.js'
import { readChallenges, type Challenge } from './challenge.js'
import type { Credentials } from './credentials.js'

/**
 * Asked for credentials when the gateway answers 401.
 * @param challenges what it asks for; empty where a handshake was refused with `401` over a WebSocket
 * @returns the credentials to go on with, or null to give up: the client is closed then
 */
export type Authenticate = (challenges: readonly Challenge[]) => Credentials | null | Promise<Credentials | null>

/** `fetch`, or what does its work. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

type Init = RequestInit & { headers?: Record<string, string> }

export interface AuthenticationParts {
  readonly url: string
  readonly fetch: Fetch
  readonly authenticate: Authenticate | undefined
  readonly credentials: Credentials | null
  /** Whether a WebSocket opens now: then a cookie lets us in. */
  readonly opens: () => Promise<boolean>
}

/**
 * The credentials of a client, and the requests that carry them.
 *
 * A browser that meets a 401 with Basic or Digest asks the person for a password itself, whatever a script says, but
 * for requests without cookies. So the gateway is asked without them first, and cookies come along when they are
 * known to be of use.
 */
export class Authentication {
  readonly #parts: AuthenticationParts
  credentials: Credentials | null
  /** Whether the gateway knows us by a cookie. */
  trusted = false

  constructor (parts: AuthenticationParts) {
    this.#parts = parts
    this.credentials = parts.credentials
  }

  /** Whether there is somebody to ask for credentials. */
  get asks (): boolean {
    return this.#parts.authenticate !== undefined
  }

  /** A request with the credentials. Where they can make more of a 401, it is sent once more. */
  async fetch (url: string, init: Init): Promise<Response> {
    return await this.#fetch(url, init, this.#bringsPrompt && !this.trusted ? 'omit' : 'include')
  }

  /**
   * Asks the gateway with a GET whether it lets us in, and for credentials until it does.
   * @throws RealtimeError with the status of an answer that is neither success nor 401, 401 where there are no credentials, `lost` where there is no answer
   */
  async probe (signal: AbortSignal): Promise<void> {
    for (;;) {
      const response = await this.#get('omit', signal)
      if (response.ok) break
      const challenges = challengesOf(response)
      if (response.status === 401 && this.credentials === null && await this.#parts.opens()) {
        this.trusted = true
        return
      }
      if (response.status !== 401 || !await this.ask(challenges)) throw new RealtimeError(response.status, `HTTP ${response.status} ${response.statusText}`.trim())
    }
    // Once more, for the cookie that stands for them.
    if (this.credentials !== null) await this.#get('include', signal)
  }

  /** @returns whether there are credentials to try */
  async ask (challenges: readonly Challenge[]): Promise<boolean> {
    const credentials = await this.#parts.authenticate?.(challenges) ?? null
    if (credentials === null) return false
    credentials.challenged?.(challenges)
    this.credentials = credentials
    return true
  }

  get #bringsPrompt (): boolean {
    return host.location !== undefined && /^(basic|digest)$/i.test(this.credentials?.scheme ?? '')
  }

  async #get (cookies: 'omit' | 'include', signal: AbortSignal): Promise<Response> {
    try {
      const response = await this.#fetch(this.#parts.url, { method: 'GET', signal }, host.location === undefined ? 'include' : cookies)
      await response.body?.cancel()
      return response
    } catch (error) {
      throw new RealtimeError('lost', 'The gateway does not answer', { cause: error })
    }
  }

  async #fetch (url: string, init: Init, credentials: 'omit' | 'include'): Promise<Response> {
    const response = await this.#send(url, { ...init, credentials })
    if (response.status !== 401 || this.credentials?.challenged?.(challengesOf(response)) !== true) return response
    await response.body?.cancel()
    return await this.#send(url, { ...init, credentials })
  }

  #send (url: string, init: Init): Promise<Response> {
    const authorization = this.credentials?.authorization({ method: init.method as string, url })
    const more = { cache: 'no-store', headers: { ...init.headers, ...(authorization !== undefined && { authorization }) } }
    return this.#parts.fetch(url, { ...init, ...more })
  }
}

/** What an answer asks for. */
function challengesOf (response: Response): Challenge[] {
  return readChallenges(response.headers.get('www-authenticate') ?? '')
}
