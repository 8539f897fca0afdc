import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import type { Connector, ServiceDuplex } from '../../types/index.js'

// ms that a process has to end by itself once its input ended, and then to obey SIGTERM.
const PATIENCE = 500
const LAST_PATIENCE = 2000
// Characters of a line of stderr that are worth logging.
const LONGEST_LINE = 2000

/**
 * A process of its own for each conversation: a fixed command line, without a shell; stdin and stdout are
 * the conversation, stderr goes to the log. It is the head of a process group, which ends with it.
 */
export const childProcess: Connector = async (service, { log, signal }) => {
  const { command, args = [], cwd, env } = service as unknown as { command: string, args?: string[], cwd?: string, env?: Record<string, string> }
  const child = spawn(command, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
    stdio: 'pipe',
    detached: process.platform !== 'win32',
    windowsHide: true
  })
  await once(child, 'spawn')
  logLines(child, log)
  const stream = new ProcessStream(child)
  signal.addEventListener('abort', () => stream.destroy(), { once: true })
  return stream
}

class ProcessStream extends Duplex implements ServiceDuplex {
  endedBy: Error | null = null
  readonly #child: ChildProcessWithoutNullStreams
  readonly #pid: number
  readonly #closed: Promise<void>
  #patience: NodeJS.Timeout | null = null

  constructor (child: ChildProcessWithoutNullStreams) {
    super()
    this.#child = child
    this.#pid = child.pid as number
    const { stdout, stdin } = child
    stdout.on('data', chunk => {
      if (!this.push(chunk)) stdout.pause()
    })
    stdout.on('error', () => {})
    // That it reads no more is told by its exit, or not at all.
    stdin.on('error', () => {})
    child.on('error', error => this.destroy(error))
    // Whoever it started goes with it, and may not keep its stdout open.
    child.on('exit', () => this.#kill())
    this.#closed = new Promise(resolve => child.on('close', (code, signal) => {
      if (!this.#signal(0)) this.#forget()
      this.endedBy = goodbye(code, signal)
      this.push(null)
      this.end()
      resolve()
    }))
  }

  override _read (): void {
    this.#child.stdout.resume()
  }

  override _write (chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const { stdin } = this.#child
    if (stdin.writable) stdin.write(chunk, () => done())
    else done()
  }

  override _final (done: () => void): void {
    this.#child.stdin.end()
    if (this.#running) this.#patience ??= setTimeout(() => this.#kill(), PATIENCE)
    this.#closed.then(done)
  }

  override _destroy (error: Error | null, done: (error: Error | null) => void): void {
    if (this.#running) this.#kill()
    this.#child.stdout.resume()
    this.#closed.then(() => done(error))
  }

  get #running (): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  // SIGTERM for the group, and SIGKILL for those that do not obey.
  #kill (): void {
    this.#forget()
    if (this.#signal('SIGTERM')) this.#patience = setTimeout(() => this.#signal('SIGKILL'), LAST_PATIENCE)
  }

  #forget (): void {
    if (this.#patience !== null) clearTimeout(this.#patience)
    this.#patience = null
  }

  // Whether somebody was there to get it.
  #signal (signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(process.platform === 'win32' ? this.#pid : -this.#pid, signal)
    } catch {
      return false
    }
  }
}

function goodbye (code: number | null, signal: NodeJS.Signals | null): Error | null {
  if (code === 0) return null
  const told = code === null ? `Process was ended by ${signal}` : `Process ended with code ${code}`
  return Object.assign(new Error(told), { told })
}

function logLines ({ stderr }: ChildProcessWithoutNullStreams, log: FastifyBaseLogger): void {
  stderr.setEncoding('utf8').on('error', () => {}).on('data', (text: string) => {
    for (const line of text.split('\n')) if (line !== '') log.info({ stderr: line.slice(0, LONGEST_LINE) }, 'the process says')
  })
}
