import { RealtimeError } from '../error.js'
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

// Browsers ask the person for a password themselves, unless the request belongs to no window.
const OWN = { credentials: 'include', cache: 'no-store', window: null } as const satisfies RequestInit & { cache: string, window: null }

/** The credentials of a client, and the requests that carry them. */
export class Authentication {
  readonly #fetch: Fetch
  readonly #authenticate: Authenticate | undefined
  credentials: Credentials | null

  constructor (fetch: Fetch, authenticate: Authenticate | undefined, credentials: Credentials | null) {
    this.#fetch = fetch
    this.#authenticate = authenticate
    this.credentials = credentials
  }

  /** Whether there is somebody to ask for credentials. */
  get asks (): boolean {
    return this.#authenticate !== undefined
  }

  /** A request with the credentials. Where they can make more of a 401, it is sent once more. */
  async fetch (url: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    const response = await this.#send(url, init)
    if (response.status !== 401 || this.credentials?.challenged?.(challengesOf(response)) !== true) return response
    await response.body?.cancel()
    return await this.#send(url, init)
  }

  /**
   * Asks the gateway with a GET whether it lets us in, and for credentials until it does.
   * @throws RealtimeError with the status of an answer that is neither success nor 401, 401 where there are no credentials, `lost` where there is no answer
   */
  async probe (url: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const response = await this.fetch(url, { method: 'GET', signal }).catch(error => { throw new RealtimeError('lost', 'The gateway does not answer', { cause: error }) })
      await response.body?.cancel()
      if (response.ok) return
      if (response.status !== 401 || !await this.ask(challengesOf(response))) throw new RealtimeError(response.status, `HTTP ${response.status} ${response.statusText}`.trim())
    }
  }

  /** @returns whether there are credentials to try */
  async ask (challenges: readonly Challenge[]): Promise<boolean> {
    const credentials = await this.#authenticate?.(challenges) ?? null
    if (credentials === null) return false
    credentials.challenged?.(challenges)
    this.credentials = credentials
    return true
  }

  #send (url: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    const authorization = this.credentials?.authorization({ method: init.method as string, url })
    return this.#fetch(url, { ...OWN, ...init, headers: { ...init.headers, ...(authorization !== undefined && { authorization }) } })
  }
}

/** What an answer asks for. */
export function challengesOf (response: Response): Challenge[] {
  return readChallenges(response.headers.get('www-authenticate') ?? '')
}
