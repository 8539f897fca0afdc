import type { Extension, Session } from '../../types/index.js'

/** When a session counts as idle. */
export interface ActivityOptions {
  /** ms without a message from the client, heartbeats apart, after which its session is ended. */
  maxIdle: number
}

/**
 * Ends sessions whose client sends nothing but heartbeats, in one sweep; they end between `maxIdle`
 * and a quarter more.
 * @throws TypeError where `maxIdle` is no positive number
 */
export function activity ({ maxIdle }: ActivityOptions): Extension {
  if (!(maxIdle > 0)) throw new TypeError('activity: maxIdle must be a positive number of ms')
  const lastActive = new Map<Session, number>()
  let timer: NodeJS.Timeout | null = null

  function sweep (): void {
    const idleSince = performance.now() - maxIdle
    for (const [session, at] of lastActive) {
      if (session.ended) lastActive.delete(session)
      else if (at <= idleSince) session.disconnect('Idle for too long')
    }
    if (lastActive.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }

  return {
    name: 'activity',
    incoming (message, session) {
      if (session === null || (message.channel === '/meta/connect' && lastActive.has(session))) return
      lastActive.set(session, performance.now())
      timer ??= setInterval(sweep, Math.max(10, maxIdle / 4)).unref()
    }
  }
}
