/** The application's Redis client, of either driver, as one that runs scripts. */
import type { Deadline } from './deadline.js'
import type { Script } from './redis-scripts.js'

interface Readiness {
  once (event: 'ready', listener: () => void): unknown
}

/** What is used of a client, cluster or pool of `redis` (node-redis, from 4 on). */
export interface NodeRedis extends Readiness {
  readonly isReady?: boolean
  evalSha (sha: string, options: { keys: string[], arguments: string[] }): Promise<unknown>
  eval (script: string, options: { keys: string[], arguments: string[] }): Promise<unknown>
}

/** What is used of a client or cluster of `ioredis`. */
export interface IoRedis extends Readiness {
  readonly status: string
  evalsha (sha: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>
  eval (script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** Runs scripts while the client is connected. It keeps nothing for later: what is refused is not done either. */
export class ScriptRunner {
  readonly #client: NodeRedis | IoRedis
  #back: Promise<void> | null = null

  /** @throws TypeError where it is no client of either driver */
  constructor (client: NodeRedis | IoRedis) {
    if (typeof client !== 'object' || client === null || !('evalSha' in client || 'evalsha' in client)) {
      throw new TypeError('the client must be one of redis or of ioredis')
    }
    this.#client = client
  }

  /**
   * @param keys of one slot
   * @throws (the promise rejects) what Redis says, and where it has not answered in time
   */
  async run (script: Script, keys: string[], values: readonly (string | number)[], deadline: Deadline): Promise<unknown> {
    if (!this.#connected) await deadline.race(this.#return())
    const texts = values.map(String)
    try {
      return await deadline.race(this.#evaluate('sha', script, keys, texts))
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return await deadline.race(this.#evaluate('text', script, keys, texts))
    }
  }

  // Drivers keep commands for later while they are away, and a cluster's says nothing of itself. ioredis, where it is to
  // wait for a first command (`wait`), connects with that.
  get #connected (): boolean {
    const client = this.#client
    return 'status' in client ? client.status === 'ready' || client.status === 'wait' : client.isReady !== false
  }

  // One listener for all who wait.
  #return (): Promise<void> {
    this.#back ??= new Promise(resolve => this.#client.once('ready', () => {
      this.#back = null
      resolve()
    }))
    return this.#back
  }

  async #evaluate (by: keyof Script, script: Script, keys: string[], values: string[]): Promise<unknown> {
    const client = this.#client
    if ('evalSha' in client) {
      const options = { keys, arguments: values }
      return by === 'sha' ? client.evalSha(script.sha, options) : client.eval(script.text, options)
    }
    return by === 'sha' ? client.evalsha(script.sha, keys.length, ...keys, ...values) : client.eval(script.text, keys.length, ...keys, ...values)
  }
}
