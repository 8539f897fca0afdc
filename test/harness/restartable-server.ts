/** A server as the machine's packages install it, that can be killed, and started again where it was. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { accepts, type Cleaning } from './installed-server.js'
import { until, within } from './until.js'

export class RestartableServer {
  readonly port: number
  readonly #command: readonly string[]
  #child: ChildProcess | null = null

  constructor (port: number, command: readonly string[]) {
    this.port = port
    this.#command = command
  }

  /** Starts it; resolves when it accepts connections. */
  async start (): Promise<void> {
    const [program, ...rest] = this.#command as [string, ...string[]]
    const child = this.#child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    let failed: string | null = null
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { said += String(data) })
    child.once('error', error => { failed = error.message })
    child.once('exit', code => { failed ??= `ended with ${code}: ${said}` })
    await until(() => failed !== null || accepts(this.port), `${program} is there`)
    if (failed !== null) throw new Error(`${program}: ${failed}`)
  }

  /** Ends it as an administrator does. */
  async stop (): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Stops its time: it takes what comes and does nothing with it, until it is killed. */
  pause (): void {
    this.#child?.kill('SIGSTOP')
  }

  /** Ends it in the middle of what it does. */
  async kill (): Promise<void> {
    await this.#end('SIGKILL')
  }

  async #end (signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    // One that is paused would not hear of it.
    child.kill('SIGCONT')
    await within(exited, `${this.#command[0]} ends`)
  }
}

/**
 * Starts a server on a free port with a folder of its own; both end with the test.
 * @param command the program and its arguments
 * @param prepare puts what it needs into its folder
 */
export async function startRestartable (t: Cleaning, command: (port: number, folder: string) => string[], prepare: (folder: string) => unknown = () => {}): Promise<RestartableServer> {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-bayeux-server-'))
  const port = await freePort()
  const server = new RestartableServer(port, command(port, folder))
  t.after(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  await prepare(folder)
  await server.start()
  return server
}
