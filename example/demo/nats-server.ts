/** A nats-server of the demo's own: on a free port of this machine, with JetStream in a folder that goes with it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const MISSING = 'nats-server is not in the PATH. On Debian and Ubuntu: apt-get install nats-server, which puts it into /usr/sbin. ' +
  'With --nats nats://HOST:4222 the demo uses one that runs already.'

export class NatsServer {
  #child: ChildProcess | null = null

  /** Starts it. @returns its URL */
  async start (): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'fastify-bayeux-demo-'))
    // Ctrl-C in a terminal goes to the whole group of its processes. This one is in another, for it is to end last.
    const child = this.#child = spawn('nats-server', ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', folder], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
    process.once('exit', () => {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    })
    return await new Promise((resolve, reject) => {
      let url = ''
      let last = ''
      createInterface({ input: child.stderr }).on('line', line => {
        last = line
        const address = /Listening for client connections on (\S+)$/.exec(line)?.[1]
        if (address !== undefined) url = `nats://${address}`
        if (line.endsWith('Server is ready')) resolve(url)
      })
      child.once('error', ({ code, message }: NodeJS.ErrnoException) => reject(new Error(code === 'ENOENT' ? MISSING : `nats-server: ${message}`)))
      child.once('close', code => reject(new Error(`nats-server has ended with ${code}: ${last}`)))
    })
  }

  /** Ends it, where it was started. */
  async end (): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill()
    await exited
  }
}
