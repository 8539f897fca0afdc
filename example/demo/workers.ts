/** The workers of a demo in several processes, as the primary sees them: started together, replaced where one dies, ended together. */
import cluster from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Place } from './arguments.js'
import type { Configuration } from './configuration.js'
import type { LogFeed } from './log-feed.js'

/** What a worker is to do. */
export interface Orders {
  readonly place: Place
  /** URL of the nats-server. */
  readonly bus: string
  /** Of its gateway. */
  readonly configuration: Configuration
}

const ORDERS = 'DEMO_ORDERS'
/** ms until another attempt, where a worker has died before it was of use. */
const PAUSE = 1000

/** In a worker: what it is to do. */
export function readOrders (): Orders {
  return JSON.parse(process.env[ORDERS] as string)
}

export class Workers {
  readonly #log: FastifyBaseLogger
  #orders: Orders | null = null
  #ending = false

  /** @param feed gets what the workers log */
  constructor (log: FastifyBaseLogger, feed: LogFeed) {
    this.#log = log
    cluster.on('message', (_worker, record: string) => feed.write(record))
  }

  /** Starts so many; all of them listen then. @throws (the promise rejects) where one cannot begin */
  async start (size: number, orders: Orders): Promise<void> {
    this.#orders = orders
    await Promise.all(Array.from({ length: size }, () => this.#fork()))
  }

  /** Each ends in order. */
  async end (): Promise<void> {
    this.#ending = true
    await Promise.all(Object.values(cluster.workers ?? {}).map(async worker => {
      const ended = once(worker!, 'exit')
      worker!.process.kill('SIGTERM')
      await ended
    }))
  }

  #fork (): Promise<void> {
    const worker = cluster.fork({ [ORDERS]: JSON.stringify(this.#orders) })
    this.#log.info(`worker ${worker.id} is process ${worker.process.pid}`)
    return new Promise((resolve, reject) => {
      let listening = false
      worker.once('listening', () => {
        listening = true
        resolve()
      })
      worker.once('exit', (code, signal) => {
        const how = `worker ${worker.id} has ended (${signal ?? code})`
        if (listening) this.#replace(how)
        else reject(new Error(how))
      })
    })
  }

  async #replace (how: string): Promise<void> {
    while (!this.#ending) {
      this.#log.warn(`${how}: another takes its place`)
      try {
        return await this.#fork()
      } catch (error) {
        how = (error as Error).message
        await sleep(PAUSE)
      }
    }
  }
}
