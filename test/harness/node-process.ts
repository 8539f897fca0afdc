/** One of several nodes in a process of its own, which can be killed as a crash would. It runs what was built. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Metrics, RealtimeOptions } from '../../lib/index.js'
import type { RealBus } from './buses.js'
import { within } from './until.js'

const program = fileURLToPath(new URL('built-node-process.js', import.meta.url))

type Test = { after: (fn: () => unknown) => unknown }

/** What a node publishes: `{ by, n }` to each channel in turn, every so many ms, until it is told to stop or has done it `count` times. */
export interface Publishing {
  readonly channels: readonly string[]
  readonly by: string
  readonly every: number
  readonly count?: number
}

export class NodeProcess {
  readonly url: string
  readonly #child: ChildProcess

  constructor (child: ChildProcess, port: number) {
    this.#child = child
    this.url = `http://127.0.0.1:${port}/realtime`
  }

  publish (publishing: Publishing): void {
    this.#child.send({ publish: { count: Number.MAX_SAFE_INTEGER, ...publishing } })
  }

  /** @returns how often it has published to each channel */
  async stop (): Promise<number> {
    return (await this.#ask('stop', 'stopped')).stopped
  }

  /** Ids of its sessions, and its figures. */
  ask (): Promise<{ sessions: string[], metrics: Metrics }> {
    return this.#ask('ask', 'sessions')
  }

  async #ask (question: string, answer: string): Promise<any> {
    const answered = new Promise<any>(resolve => {
      const hear = (message: Record<string, unknown>) => {
        if (message[answer] === undefined) return
        this.#child.off('message', hear)
        resolve(message)
      }
      this.#child.on('message', hear)
    })
    this.#child.send({ [question]: true })
    return within(answered, `the node answers ${question}`)
  }

  /** Kills it with SIGKILL and waits until it is gone. */
  async kill (): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await within(exited, 'the node is gone')
  }
}

/** @param options as JSON can carry them: no functions */
export async function startNodeProcess (t: Test, bus: RealBus, options: RealtimeOptions): Promise<NodeProcess> {
  const child = fork(program, [JSON.stringify({ bus: bus.name, at: bus.server.port, options })], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
  const died = once(child, 'exit').then(([code, signal]) => { throw new Error(`the node ended with ${code ?? signal}`) })
  died.catch(() => {})
  t.after(() => { if (child.exitCode === null) child.kill('SIGKILL') })
  const [said] = await within(Promise.race([once(child, 'message'), died]), 'the node is ready')
  return new NodeProcess(child, said.port)
}
