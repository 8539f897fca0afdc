import { refusalCode } from '../protocol/error.js'

/** The figures alone. */
export type Counted = Omit<Counters, 'refuse' | 'refuseRequest' | 'closeSocket' | 'snapshot'>

/** What the broker counts, since start. */
export class Counters {
  messagesIn = 0
  messagesOut = 0
  published = 0
  delivered = 0
  handshakes = 0
  expired = 0
  overflowed = 0
  /** Events that waited for a session and were dropped to make room. */
  dropped = 0
  /** Events of a history that were delivered to who asked for them. */
  replayed = 0
  takenOver = 0
  clientPauses = 0
  /** Times that a client was not read because its lane was full. */
  lanePauses = 0
  /** Connects that were not held because the browser polls already. */
  pollsDeclined = 0
  /** Error replies by code. */
  readonly refused: Record<number, number> = {}

  /** HTTP answers that are refusals, by status, and WebSockets that the gateway closed, by code. */
  readonly httpRefused: Record<number, number> = {}
  readonly socketsClosed: Record<number, number> = {}

  refuse (error: string): void {
    count(this.refused, refusalCode(error))
  }

  refuseRequest (status: number): void {
    count(this.httpRefused, status)
  }

  closeSocket (code: number): void {
    count(this.socketsClosed, code)
  }

  /** All figures as they are now. */
  snapshot (): Counted {
    const { refused, httpRefused, socketsClosed } = this
    return { ...this, refused: { ...refused }, httpRefused: { ...httpRefused }, socketsClosed: { ...socketsClosed } }
  }
}

function count (counts: Record<number, number>, key: number): void {
  counts[key] = (counts[key] ?? 0) + 1
}
