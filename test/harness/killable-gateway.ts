/** A gateway in a process of its own, which can be killed as a crash would, and started again on the same port. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { RealtimeOptions } from '../../lib/index.js'
import { within } from './until.js'

export interface KillableGateway {
  /** `http://127.0.0.1:port/realtime` */
  readonly url: string
  /** Kills it with SIGKILL and waits until it is gone. */
  kill (): Promise<void>
  /** Starts it again where it was. */
  restart (): Promise<void>
}

const program = fileURLToPath(new URL('gateway-process.ts', import.meta.url))
const builtProgram = fileURLToPath(new URL('built-gateway-process.js', import.meta.url))

type Test = { after: (fn: () => unknown) => unknown }

/**
 * @param options as JSON can carry them: no functions
 * @param built whether it runs what was built, and so starts quickly
 */
export async function startKillableGateway (t: Test, options: RealtimeOptions, built: boolean = false): Promise<KillableGateway> {
  let child: ChildProcess | null = null
  let port = 0
  const start = async () => {
    // With the loaders of this process, so that it reads TypeScript as we do; its output is none of the test's.
    const started = fork(built ? builtProgram : program, [JSON.stringify({ options, port })], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], ...(built && { execArgv: [] }) })
    child = started
    const died = once(started, 'exit').then(([code, signal]) => { throw new Error(`the gateway ended with ${code ?? signal}`) })
    died.catch(() => {})
    const [said] = await within(Promise.race([once(started, 'message'), died]), 'the gateway is ready')
    port = said.port
  }
  const kill = async () => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await within(exited, 'the gateway is gone')
  }
  t.after(kill)
  await start()
  return { url: `http://127.0.0.1:${port}/realtime`, kill, restart: start }
}
