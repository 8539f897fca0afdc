/**
 * The process of a server: it starts the target that it is told of, and answers the questions of the
 * benchmark about itself.
 */
import { Profiler } from './profiler.js'
import type { Settings, Start } from './targets/target.js'

/** What the benchmark asks. */
export type Question =
  | { readonly ask: 'cpu' }
  | { readonly ask: 'heap' }
  | { readonly ask: 'metrics' }
  | { readonly ask: 'publish', readonly from: number, readonly turns: number, readonly each: number }

const [, , name, argument] = process.argv as [string, string, string, string]
const settings = JSON.parse(argument) as Settings
const { start } = await import(`./targets/${name}.js`) as { start: Start }
const { port, publish, metrics } = await start(settings)
const profiler = settings.profile === undefined ? null : new Profiler(settings.profile)

process.on('message', (question: Question) => {
  if (question.ask === 'publish') turns(question.from, question.turns, question.each)
  else process.send?.({ cpu, heap, metrics }[question.ask]?.())
})
process.on('disconnect', () => process.exit())
process.send?.(port)

// What is measured lies between two of these questions, the last one between the last two.
function cpu (): number {
  profiler?.next()
  const { user, system } = process.cpuUsage()
  return user + system
}

function heap (): number {
  const collect = (globalThis as { gc?: () => void }).gc as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

function turns (from: number, left: number, each: number): void {
  for (let number = from; number < from + each; number++) publish?.(number)
  if (left > 1) setImmediate(() => turns(from + each, left - 1, each))
}
