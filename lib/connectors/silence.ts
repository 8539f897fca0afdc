import type { Socket } from 'node:net'
import type WebSocket from 'ws'
import type { Limits } from '../limits.js'

/**
 * Asks a WebSocket that has said nothing for `limits.websocketSilence` whether it lives, which also tells the
 * proxies between us. One that does not answer within `limits.websocketPong` is dead. While one of the two sides
 * does not read, nothing is asked.
 * @param wire the socket below it
 * @param dead called once
 */
export function watchSilence (ws: WebSocket, wire: Socket, limits: Limits, dead: () => void): void {
  let read = wire.bytesRead
  let asked = false
  const look = () => {
    const excused = wire.bytesRead !== read || ws.isPaused || wire.writableLength > 0
    if (!excused && asked) return dead()
    read = wire.bytesRead
    asked = !excused
    if (asked) ws.ping()
    timer = later(asked ? limits.websocketPong : limits.websocketSilence)
  }
  // What came while this process was busy is read before it is judged.
  const later = (ms: number) => setTimeout(() => setImmediate(() => { if (ws.readyState === ws.OPEN) look() }), ms).unref()
  let timer = later(limits.websocketSilence)
  ws.once('close', () => clearTimeout(timer))
}
