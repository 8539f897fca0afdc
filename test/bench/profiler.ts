import { writeFileSync } from 'node:fs'
import { Session, type Profiler as Inspector } from 'node:inspector'

// Microseconds between two looks: short work is to be seen, and seeing it is not to be all.
const INTERVAL = 200

/** Profiles this process from one moment to the next, again and again; its file holds what lay between the last two. */
export class Profiler {
  readonly #session = new Session()
  readonly #file: string
  #running = false

  constructor (file: string) {
    this.#file = file
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
  }

  next (): void {
    if (this.#running) this.#session.post('Profiler.stop', (_error, { profile }: Inspector.StopReturnType) => writeFileSync(this.#file, JSON.stringify(profile)))
    this.#running = true
    this.#session.post('Profiler.start')
  }
}
