import { refusalCode } from '../protocol/error.js'

/** What the broker counts, since start. */
export class Counters {
  messagesIn = 0
  messagesOut = 0
  published = 0
  delivered = 0
  handshakes = 0
  expired = 0
  overflowed = 0
  takenOver = 0
  clientPauses = 0
  /** Error replies by code. */
  readonly refused: Record<number, number> = {}

  refuse (error: string): void {
    const code = refusalCode(error)
    this.refused[code] = (this.refused[code] ?? 0) + 1
  }
}
