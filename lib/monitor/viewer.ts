import type { FastifyBaseLogger } from 'fastify'
import type { Realtime, Session } from '../../types/index.js'
import { channelsView, type Interests } from './channels-view.js'
import type { Pulse } from './pulse.js'
import { sessionsView } from './sessions-view.js'
import { firstLook, type Command, type Look, type ServiceRow, type View } from './view.js'

/** Services that are shown at most. */
const SERVICES = 100

/** What a viewer looks at. */
export interface Viewed {
  readonly realtime: Pick<Realtime, 'on' | 'off' | 'sessions' | 'metrics' | 'health'>
  readonly interests: Interests
  readonly log: FastifyBaseLogger
}

/** One page that is open: it sees what it asked for, at each beat and whenever it asks for something else. */
export class Viewer {
  readonly #viewed: Viewed
  readonly #pulse: Pulse
  readonly #session: Session
  #look: Look = firstLook
  // Whether there is something to see, and who waits for it. One that reads slowly misses what is old by then.
  #news = true
  #waiting: (() => void) | null = null
  #left = false

  constructor (viewed: Viewed, pulse: Pulse, session: Session) {
    this.#viewed = viewed
    this.#pulse = pulse
    this.#session = session
  }

  /** What it sees, until it leaves. */
  async * views (): AsyncGenerator<View, void> {
    const stop = this.#pulse.join(() => this.#wake())
    try {
      for (;;) {
        if (!this.#news) await new Promise<void>(resolve => { this.#waiting = resolve })
        if (this.#left) return
        this.#news = false
        yield await this.#see()
      }
    } finally {
      stop()
    }
  }

  /** Does what the page asks for. */
  obey (command: Command): void {
    if ('end' in command) this.#end(command.end)
    else this.#look = command
    this.#wake()
  }

  leave (): void {
    this.#left = true
    this.#wake()
  }

  #wake (): void {
    this.#news = true
    this.#waiting?.()
    this.#waiting = null
  }

  async #see (): Promise<View> {
    const { realtime, interests } = this.#viewed
    const look = this.#look
    const { figures, traffic } = this.#pulse.latest ?? {}
    const { subscriptions, links, heldConnects, refused, services: counted } = figures?.gateway ?? realtime.metrics()
    const { gateway, health, ...measured } = figures ?? {}
    const { state, services } = realtime.health()
    const rows = Object.entries(services).slice(0, SERVICES).map(([name, { state, open, lastError }]): ServiceRow => {
      const { errors = 0, dropped = 0 } = counted[name] ?? {}
      const rates = traffic?.services.get(name) ?? { in: null, out: null }
      return { name, state, open, errors, dropped, ...rates, lastError }
    })
    return {
      you: this.#session.number,
      at: Date.now(),
      look,
      figures: figures === undefined ? null : measured as View['figures'],
      counts: { subscriptions, links, heldConnects, refused },
      state,
      sessions: await sessionsView(realtime.sessions, look),
      channels: await channelsView(interests, traffic?.published ?? new Map(), look.channels),
      services: { total: Object.keys(services).length, rows }
    }
  }

  #end (number: number): void {
    const { realtime, log } = this.#viewed
    for (const session of realtime.sessions.values()) {
      if (session.number !== number) continue
      log.info({ session: number, by: this.#session.number }, 'a session was ended from the monitor page')
      return session.disconnect('Ended from the monitor page')
    }
  }
}
