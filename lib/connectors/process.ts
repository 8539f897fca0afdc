import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import type { Connector, ServiceDuplex } from '../../types/index.js'
import { ProcessGroup } from './process-group.js'

// ms that a process has to end by itself once its input ended.
const PATIENCE = 500
// ms that its output may stay open, and silent, once it has ended.
const SILENCE = 3000
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
  readonly #group: ProcessGroup
  readonly #closed: Promise<void>
  #patience: NodeJS.Timeout | null = null
  #silence: NodeJS.Timeout | null = null
  #deaf = false

  constructor (child: ChildProcessWithoutNullStreams) {
    super()
    this.#child = child
    this.#group = new ProcessGroup(child.pid as number)
    const { stdout, stdin } = child
    stdout.on('error', () => {}).on('data', chunk => {
      this.#silence?.refresh()
      if (!this.push(chunk)) stdout.pause()
    })
    // It reads no more, or is about to end. What it says still counts.
    stdin.on('error', () => {
      this.#deaf = true
      this.end()
    })
    child.on('error', error => this.destroy(error))
    child.on('exit', () => this.#exited())
    this.#closed = new Promise(resolve => child.on('close', (code, signal) => {
      if (this.#silence !== null) clearTimeout(this.#silence)
      this.#group.forget()
      this.endedBy = goodbye(code, signal)
      this.push(null)
      this.end()
      resolve()
    }))
  }

  override _read (): void {
    this.#child.stdout.resume()
    this.#silence?.refresh()
  }

  override _write (chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const { stdin } = this.#child
    if (stdin.writable) stdin.write(chunk, () => done())
    else done()
  }

  override _final (done: () => void): void {
    this.#child.stdin.end()
    if (this.#running && !this.#deaf) this.#patience = setTimeout(() => this.#group.end(), PATIENCE)
    this.#closed.then(done)
  }

  override _destroy (error: Error | null, done: (error: Error | null) => void): void {
    if (this.#running) this.#group.end()
    this.#child.stdout.destroy()
    this.#closed.then(() => done(error))
  }

  get #running (): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  // Whoever it started goes with it. One that left its group may hold the output open, and has no say in it.
  #exited (): void {
    if (this.#patience !== null) clearTimeout(this.#patience)
    this.#group.end()
    const { stdout, stderr } = this.#child
    this.#silence = setTimeout(() => {
      // A slow client has not heard everything yet.
      if (stdout.isPaused()) return
      stdout.destroy()
      stderr.destroy()
    }, SILENCE)
  }
}

function goodbye (code: number | null, signal: NodeJS.Signals | null): Error | null {
  if (code === 0) return null
  const told = code === null ? `Process was ended by ${signal}` : `Process ended with code ${code}`
  return Object.assign(new Error(told), { told })
}

function logLines ({ stderr }: ChildProcessWithoutNullStreams, log: FastifyBaseLogger): void {
  let begun = ''
  const say = (line: string) => {
    if (line !== '') log.info({ stderr: line.slice(0, LONGEST_LINE) }, 'the process says')
  }
  stderr.setEncoding('utf8').on('error', () => {}).on('data', (text: string) => {
    const lines = (begun + text).split('\n')
    begun = (lines.pop() as string).slice(0, LONGEST_LINE)
    lines.forEach(say)
  }).on('close', () => say(begun))
}
