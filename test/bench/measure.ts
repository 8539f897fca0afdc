import type { Role } from './contenders.js'
import { NotInstalled } from './process.js'
import { median, spread } from './statistics.js'
import type { Figures, Workload } from './workloads/workload.js'

/** What became of one contender in all rounds. */
export interface Measurement {
  readonly name: string
  readonly role: Role
  readonly rounds: readonly Figures[]
  /** Why a round has no figures. */
  readonly failures: readonly string[]
  /** Why it was left out; null: it was not. */
  readonly leftOut: string | null
}

/** One kind of work with all its contenders. */
export interface Result {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly contenders: readonly Measurement[]
}

/** How it is measured. */
export interface Manner {
  readonly rounds: number
  /** Share of the work that is done, 1: all. */
  readonly scale: number
  /** Names the file for the profile of a contender; null: it has none. */
  readonly profile: ((work: string, contender: string) => string) | null
}

/** Goes through all work in rounds, the contenders of each kind of work one after the other. */
export async function measure (workloads: readonly Workload[], { rounds, scale, profile }: Manner): Promise<Result[]> {
  const figures = new Map<string, Figures[]>()
  const failures = new Map<string, string[]>()
  const leftOut = new Map<string, string>()
  const runs = workloads.reduce((sum, each) => sum + each.contenders.length * Math.min(rounds, each.atMost), 0)
  let done = 0
  for (let round = 0; round < rounds; round++) {
    for (const work of workloads.filter(({ atMost }) => round < atMost)) {
      for (const contender of work.contenders) {
        progress(`${++done}/${runs}  ${work.name}  ${contender}`)
        const key = `${work.name} ${contender}`
        try {
          add(figures, key, await work.run(contender, scale, profile?.(work.name, contender)))
        } catch (error) {
          if (error instanceof NotInstalled) leftOut.set(key, error.message)
          else add(failures, key, (error as Error).message)
        }
      }
    }
  }
  progress('')
  return workloads.map(work => ({
    name: work.name,
    title: work.title,
    unit: work.unit,
    contenders: work.contenders.map(name => ({
      name,
      role: work.roleOf(name),
      rounds: figures.get(`${work.name} ${name}`) ?? [],
      failures: failures.get(`${work.name} ${name}`) ?? [],
      leftOut: leftOut.get(`${work.name} ${name}`) ?? null
    }))
  }))
}

function add<Value> (map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}

function progress (text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** The middle of a figure over the rounds; NaN where it was not measured, or a round failed. */
export function middle ({ rounds, failures }: Measurement, figure: keyof Figures): number {
  const values = rounds.map(each => each[figure]).filter(each => each !== undefined)
  return failures.length > 0 || values.length === 0 ? NaN : median(values)
}

/** How far the rounds lie apart, as a share of the middle. */
export function apart ({ rounds }: Measurement, figure: keyof Figures): number {
  const values = rounds.map(each => each[figure]).filter(each => each !== undefined)
  return values.length === 0 ? NaN : spread(values)
}
