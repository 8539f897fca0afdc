/** Debian's redis-server. */
import type { Test } from 'tap'
import { withProgram, type Cleaning } from './installed-server.js'
import { startRestartable, type RestartableServer } from './restartable-server.js'

/** Runs a test where there is a redis-server; elsewhere it is skipped, or fails with `CI` in the environment. */
export function withRedisServer (t: Test, run: (t: Test, program: string) => Promise<void>): void {
  withProgram(t, 'redis-server', 'redis-server', run)
}

/**
 * Starts a redis-server.
 * @param options.keeps whether it has everything again after a restart
 */
export function startRedisServer (t: Cleaning, program: string, { keeps = false } = {}): Promise<RestartableServer> {
  const keeping = keeps ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  return startRestartable(t, (port, folder) => [program, '--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', ...keeping])
}
