/** A gateway in a process of its own that says what it costs. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Metrics, RealtimeOptions } from '../../lib/index.js'
import { within } from './until.js'

export interface Measure {
  /** The longest that the event loop was held since the last measure, in ms. */
  readonly longest: number
  /** Bytes of the process, and of what lives in it after a collection. */
  readonly rss: number
  readonly heap: number
  readonly metrics: Metrics
}

export interface MeasuredGateway {
  readonly child: ChildProcess
  readonly url: string
  readonly wsUrl: string
  measure (): Promise<Measure>
}

const program = fileURLToPath(new URL('measured-process.ts', import.meta.url))

type Test = { after: (fn: () => unknown) => unknown }

/** @param options as JSON can carry them: no functions */
export async function startMeasuredGateway (t: Test, options: RealtimeOptions = {}): Promise<MeasuredGateway> {
  const child = fork(program, [JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [...process.execArgv, '--expose-gc'] })
  t.after(() => child.kill('SIGKILL'))
  const died = once(child, 'exit').then(([code, signal]) => { throw new Error(`the gateway ended with ${code ?? signal}`) })
  died.catch(() => {})
  const said = () => within(Promise.race([once(child, 'message'), died]), 'a word of the gateway')
  const [{ port }] = await said()
  const measure = async () => {
    child.send('measure')
    return (await said())[0] as Measure
  }
  return { child, url: `http://127.0.0.1:${port}/realtime`, wsUrl: `ws://127.0.0.1:${port}/realtime`, measure }
}
