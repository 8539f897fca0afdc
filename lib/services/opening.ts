import type { ServiceDuplex } from '../../types/index.js'
import type { ServiceOptions } from '../options/index.js'
import { connect } from './connect.js'
import { targetsOf } from './targets.js'
import type { UpstreamParts } from './upstream.js'

/** Nobody wants the connection any more that was being made. */
export class Unwanted extends Error {}

/** The way to a connected Duplex: the targets in their order, each within its connect timeout. */
export class Opening {
  readonly #parts: UpstreamParts
  #attempt: AbortController | null = null
  #unwanted = false

  constructor (parts: UpstreamParts) {
    this.#parts = parts
  }

  /**
   * @returns a Duplex that is connected
   * @throws Unwanted, or what the last target failed with
   */
  async run (): Promise<ServiceDuplex> {
    const { service: { name, definition }, session, complete, log } = this.#parts
    const targets = await targetsOf(name, definition, session, complete)
    for (const [index, target] of targets.entries()) {
      try {
        return await this.#try(target)
      } catch (error) {
        if (this.#unwanted || index === targets.length - 1) throw error
        log.warn({ err: error }, 'a target of the service could not be reached, trying the next')
      }
    }
    throw new Error('the service has no target')
  }

  giveUp (): void {
    this.#unwanted = true
    this.#attempt?.abort(new Unwanted())
  }

  async #try (target: ServiceOptions): Promise<ServiceDuplex> {
    if (this.#unwanted) throw new Unwanted()
    const { service: { connector, figures }, session, limits, log } = this.#parts
    const attempt = this.#attempt = new AbortController()
    const ms = target.connectTimeout ?? limits.upstreamConnect
    const timeout = setTimeout(() => attempt.abort(Object.assign(new Error(`not connected within ${ms} ms`), { code: 'ETIMEDOUT' })), ms)
    const dropped = (count: number) => { figures.dropped += count }
    try {
      const duplex = await connect(connector, target, { session, signal: attempt.signal, log, limits, dropped })
      if (!attempt.signal.aborted) return duplex
      // It was given up in the same turn in which it was connected.
      duplex.destroy()
      throw attempt.signal.reason
    } finally {
      clearTimeout(timeout)
    }
  }
}
