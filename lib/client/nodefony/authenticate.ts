import { basic } from '../authentication/basic.js'
import { bearer } from '../authentication/bearer.js'
import type { Challenge } from '../authentication/challenge.js'
import type { Credentials } from '../authentication/credentials.js'
import { digest } from '../digest.js'

const schemes = ['digest', 'bearer', 'basic']

/** What `onUnauthorized` gets: what the gateway asks for, and the way to answer it. */
export class Authenticate {
  #challenges: readonly Challenge[] = []
  #register: (credentials: Credentials) => void = () => {}

  /** What the gateway asks for, all of it. */
  get challenges (): readonly Challenge[] {
    return this.#challenges
  }

  /** The safest scheme of those: `Digest`, `Bearer` or `Basic`; empty where the gateway names none. */
  get scheme (): string {
    return this.#best?.scheme ?? ''
  }

  /** Where the credentials are for, in the gateway's words. */
  get realm (): string {
    return this.#best?.realm ?? ''
  }

  /**
   * Tries a name and a password, or a token. Where they are wrong, `onError` is told 401, and they may be registered anew.
   * @param username a token, where there is no password
   */
  register (username: string, password?: string): void {
    this.#register(this.#credentials(username, password))
  }

  /** @internal Asks, and waits for `register`. */
  ask (challenges: readonly Challenge[]): Promise<Credentials> {
    if (challenges.length > 0) this.#challenges = challenges
    return new Promise(resolve => { this.#register = resolve })
  }

  get #best (): Challenge | undefined {
    const rank = ({ scheme }: Challenge) => schemes.indexOf(scheme.toLowerCase()) >>> 0
    return [...this.#challenges].sort((one, other) => rank(one) - rank(other))[0]
  }

  #credentials (username: string, password: string | undefined): Credentials {
    if (password === undefined) return bearer(username)
    return this.scheme.toLowerCase() === 'digest' ? digest(username, password) : basic(username, password)
  }
}
