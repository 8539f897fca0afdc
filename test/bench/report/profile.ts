import { existsSync, readFileSync } from 'node:fs'
import type { Profiler } from 'node:inspector'
import { print } from './terminal.js'

const SHOWN = 20
// The event loop waits for work, and the profiler begins and ends.
const NO_WORK = ['(idle)', 'dispatch']

/** Prints the functions of a profile with the most time of their own, as shares of the time that the process worked. */
export function printProfile (title: string, file: string): void {
  if (!existsSync(file)) return
  const own = ownTimes(JSON.parse(readFileSync(file, 'utf8')) as Profiler.Profile)
  for (const name of NO_WORK) own.delete(name)
  const worked = [...own.values()].reduce((sum, each) => sum + each, 0)
  const rows = [...own].sort(([, one], [, other]) => other - one).slice(0, SHOWN).map(([name, time]) => [name, `${(100 * time / worked).toFixed(1)} %`])
  print(title, [['function', 'of its own'], ...rows])
}

function ownTimes ({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) as string
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] as number))
  }
  return times
}

// What has no file is of V8 or in C++: the garbage collector, system calls.
function nameOf ({ functionName, url, lineNumber }: { functionName: string, url: string, lineNumber: number }): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file = url.replace(/^.*\/(?:node_modules|dist\/bench)\//, '').replace(/^file:\/\//, '')
  return `${name}  ${file}:${lineNumber + 1}`
}
