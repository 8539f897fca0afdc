import { fork, spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Metrics } from '../../types/index.js'
import type { Question } from './server.js'
import type { Settings } from './targets/target.js'

/** A server that is measured, in a process of its own. */
export interface Measured {
  readonly port: number
  /** Microseconds of CPU that it used so far, user and system. */
  cpu (): Promise<number>
  /** Bytes of its heap after a garbage collection. */
  heap (): Promise<number>
  /** Makes it publish so many events a turn, for so many turns. */
  publish (from: number, turns: number, each: number): void
  /** Figures of a gateway. */
  metrics (): Promise<Metrics>
  stop (): Promise<void>
}

/** A program of the machine's packages is missing: who needs it is left out. */
export class NotInstalled extends Error {
  constructor (program: string) {
    super(`left out: ${program} is not installed`)
  }
}

/** Starts one of our servers. */
export async function startServer (target: string, settings: Settings): Promise<Measured> {
  const child = fork(new URL('server.js', import.meta.url), [target, JSON.stringify(settings)], { execArgv: ['--expose-gc'] })
  const port = await answerOf<number>(child)
  const ask = <Answer = number>(question: Question) => {
    child.send(question)
    return answerOf<Answer>(child)
  }
  return {
    port,
    cpu: () => ask({ ask: 'cpu' }),
    heap: () => ask({ ask: 'heap' }),
    publish: (from, turns, each) => { child.send({ ask: 'publish', from, turns, each }) },
    metrics: () => ask({ ask: 'metrics' }),
    stop: () => stopped(child, () => child.disconnect())
  }
}

function answerOf<Answer> (child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the server ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', answer => {
      child.off('exit', onExit)
      resolve(answer as Answer)
    })
  })
}

// Of /proc, in hundredths of a second.
const TICK = 10_000

/** Starts Python's websockify, of Debian. @throws where it is not installed */
export async function startWebsockify (port: number, backend: number): Promise<Measured> {
  const child = spawn('websockify', [`127.0.0.1:${port}`, `127.0.0.1:${backend}`], { stdio: 'ignore', detached: true })
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', () => reject(new NotInstalled('websockify')))
  })
  await Promise.race([listening(port, child), failed])
  return {
    port,
    cpu: async () => familyOf(child.pid as number).map(cpuOf).reduce((sum, each) => sum + each, 0),
    heap: async () => NaN,
    publish: () => {},
    metrics: () => Promise.reject(new Error('websockify has no figures')),
    stop: () => stopped(child, () => process.kill(-(child.pid as number)))
  }
}

// It serves each connection in a process of its own.
function familyOf (pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  return [pid, ...children.flatMap(familyOf)]
}

/** Microseconds of CPU that a process used so far, user and system. */
export function cpuOf (pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK
}

/** Resolves when somebody accepts connections there; never for a child that could not be started: it has no pid, and fails. */
export async function listening (port: number, child?: ChildProcess): Promise<void> {
  if (child !== undefined && child.pid === undefined) return new Promise(() => {})
  for (;;) {
    const open = await new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (open) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** Stops a process, and resolves when it is gone. */
export function stopped (child: ChildProcess, stop: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    stop()
  })
}
