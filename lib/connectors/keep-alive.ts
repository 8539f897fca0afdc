import type { Socket } from 'node:net'

// ms without a byte before TCP asks whether the other machine lives; the system's own default is 2 hours.
const SILENCE = 30_000

/** What every connection of ours over TCP has: nothing waits for company, and a machine that is gone is noticed. */
export function keepAlive<S extends Socket> (socket: S): S {
  socket.setNoDelay(true)
  socket.setKeepAlive(true, SILENCE)
  return socket
}
