/** Debian's nats-server. */
import type { Test } from 'tap'
import { withProgram, type Cleaning } from './installed-server.js'
import { startRestartable, type RestartableServer } from './restartable-server.js'

/** Runs a test where there is a nats-server; elsewhere it is skipped, or fails with `CI` in the environment. */
export function withNatsServer (t: Test, run: (t: Test, program: string) => Promise<void>): void {
  withProgram(t, 'nats-server', 'nats-server', run)
}

/**
 * Starts a nats-server.
 * @param options.jetStream with JetStream, which keeps what it has over a restart
 */
export function startNatsServer (t: Cleaning, program: string, { jetStream = false } = {}): Promise<RestartableServer> {
  return startRestartable(t, (port, folder) => [program, '-a', '127.0.0.1', '-p', String(port), ...jetStream ? ['-js', '-sd', folder] : []])
}
