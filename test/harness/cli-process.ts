/** The command `fastify-bayeux` as a process of its own. `npm run build` must have been there before. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { within } from './until.js'

/** The program, as npm's `bin` names it. */
export const CLI = fileURLToPath(new URL('../../dist/lib/cli.js', import.meta.url))

/** A record of its log. */
export interface LogRecord {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

export interface RunningCli {
  readonly process: ChildProcess
  /** `http://127.0.0.1:port/realtime` */
  readonly url: string
  readonly wsUrl: string
  /** What it logged so far. */
  readonly records: LogRecord[]
  /** What it wrote to stderr so far. */
  readonly stderr: () => string
  /** Resolves with its exit code and signal. */
  readonly exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>
}

export interface FinishedCli {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

type Test = { after: (fn: () => unknown) => unknown }

// Variables of whoever runs the tests are none of theirs.
function environment (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => name !== 'PORT' && !name.startsWith('FASTIFY_BAYEUX_'))
  return { ...Object.fromEntries(inherited), ...env }
}

/** Starts a gateway and waits until it listens; what is still running when the test ends is killed. */
export async function startCli (t: Test, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunningCli> {
  const child = spawn(process.execPath, [CLI, ...args], { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit') as RunningCli['exited']
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const records: LogRecord[] = []
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', text => { stderr += text })
  const listens = new Promise<string>((resolve, reject) => {
    child.once('close', code => reject(new Error(`ended with ${code} before it was ready: ${stderr}`)))
    createInterface({ input: child.stdout }).on('line', line => {
      const record = JSON.parse(line) as LogRecord
      records.push(record)
      const url = /^fastify-bayeux \S+ is at (http:\S+)$/.exec(record.msg)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
  const url = await within(listens, 'the command listens')
  return { process: child, url, wsUrl: url.replace('http', 'ws'), records, stderr: () => stderr, exited }
}

/** Runs the command to its end. */
export async function runCli (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<FinishedCli> {
  return runProgram(process.execPath, [CLI, ...args], { env: environment(env) })
}

/** Runs any program to its end. */
export async function runProgram (program: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv, cwd?: string } = {}): Promise<FinishedCli> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', text => { said.stdout += text })
  child.stderr.setEncoding('utf8').on('data', text => { said.stderr += text })
  const [code] = await once(child, 'close')
  return { code, ...said }
}
