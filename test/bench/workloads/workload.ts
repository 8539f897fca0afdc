import type { Contender } from '../contenders.js'
import { Disorder } from '../marks.js'
import type { Measured } from '../process.js'
import { quantile } from '../statistics.js'
import type { Settings } from '../targets/target.js'

/** What one run of one contender cost. */
export interface Figures {
  /** Microseconds of the server's CPU a unit. */
  readonly cpu?: number
  /** Units a second. */
  readonly rate?: number
  /** Latency, ms. */
  readonly p50?: number
  readonly p99?: number
  /** Bytes of heap a unit. */
  readonly heap?: number
  /** Milliseconds of the server's CPU a second while nothing happens. */
  readonly idle?: number
  /** Microseconds of the CPU of the bus's process a unit. */
  readonly busCpu?: number
  /** Messages that the bus took and gave out a unit, and the bytes of the latter, as it counts them itself. */
  readonly busIn?: number
  readonly busOut?: number
  readonly busBytes?: number
  /** Events of other nodes that all nodes took a unit, and those of them where nobody listens. */
  readonly taken?: number
  readonly strayed?: number
}

/** One kind of work, and who does it. */
export interface Workload {
  /** Short, for `--only`. */
  readonly name: string
  readonly title: string
  /** What is counted: `message`, `delivery`, `publish`. */
  readonly unit: string
  readonly contenders: readonly string[]
  /** Rounds at most: work that takes long is done less often. */
  readonly atMost: number
  roleOf (contender: string): Contender['role']
  /**
   * @param scale share of the work that is done, 1: all
   * @param profile file for the profile of the server
   */
  run (contender: string, scale: number, profile?: string): Promise<Figures>
}

/** A workload out of its contenders and what is done with each. */
export function workload<Kind extends Contender<any, any>> (parts: {
  name: string, title: string, unit: string, contenders: readonly Kind[], atMost?: number, run: (contender: Kind, scale: number) => Promise<Figures>
}): Workload {
  const byName = new Map(parts.contenders.map(each => [each.name, each]))
  return {
    name: parts.name,
    title: parts.title,
    unit: parts.unit,
    contenders: [...byName.keys()],
    atMost: parts.atMost ?? Infinity,
    roleOf: name => (byName.get(name) as Kind).role,
    run: (name, scale, profile) => parts.run(profiled(byName.get(name) as Kind, profile), scale)
  }
}

function profiled<Kind extends Contender<any>> (contender: Kind, profile?: string): Kind {
  return profile === undefined ? contender : { ...contender, start: settings => contender.start({ ...settings, profile }) }
}

/** ms between two signs of life of an idle session, where it does not matter. */
export const LONG = 60_000

/** Starts a server, does something with it, and stops it whatever becomes of it. */
export async function withServer<Server extends Measured, Result> (contender: Contender<any, Server>, settings: Settings, work: (server: Server) => Promise<Result>): Promise<Result> {
  const server = await contender.start(settings)
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}

/** The cost of a piece of work: CPU of the server and time, for so many units. */
export async function cost (server: Measured, units: number, work: () => Promise<void>): Promise<{ cpu: number, rate: number }> {
  const cpu = await server.cpu()
  const begun = performance.now()
  await work()
  const seconds = (performance.now() - begun) / 1000
  return { cpu: (await server.cpu() - cpu) / units, rate: units / seconds }
}

/** Latencies in ms as their middle and the one that 99 of 100 lie below. */
export function latency (samples: readonly number[]): Pick<Figures, 'p50' | 'p99'> {
  if (samples.some(each => each < 0)) throw new Disorder('an answer came before its question')
  return { p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) }
}
