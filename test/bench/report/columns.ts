import { apart, middle, type Measurement, type Result } from '../measure.js'
import type { Figures } from '../workloads/workload.js'

interface Column {
  readonly figure: keyof Figures
  readonly title: (unit: string) => string
  readonly digits: number
}

// The figures as they are shown, in this order, where a kind of work has them.
const columns: readonly Column[] = [
  { figure: 'cpu', title: unit => `CPU µs a ${unit}`, digits: 2 },
  { figure: 'rate', title: unit => `${plural(unit)} a second`, digits: 0 },
  { figure: 'p50', title: () => 'p50 ms', digits: 2 },
  { figure: 'p99', title: () => 'p99 ms', digits: 2 },
  { figure: 'busCpu', title: unit => `bus CPU µs a ${unit}`, digits: 2 },
  { figure: 'busIn', title: () => 'messages to the bus', digits: 2 },
  { figure: 'busOut', title: () => 'messages from it', digits: 2 },
  { figure: 'busBytes', title: () => 'bytes from it', digits: 0 },
  { figure: 'taken', title: () => 'taken by nodes', digits: 2 },
  { figure: 'strayed', title: () => 'by nodes without listeners', digits: 2 },
  { figure: 'heap', title: unit => unit === 'session' ? 'heap bytes a session' : 'heap bytes a subscription', digits: 0 },
  { figure: 'idle', title: () => 'idle CPU ms a second', digits: 1 }
]

/** The rows of a table: a head, then one a contender. */
export function rowsOf (result: Result): string[][] {
  const shown = columns.filter(({ figure }) => result.contenders.some(({ rounds }) => rounds.some(each => each[figure] !== undefined)))
  const head = ['', ...shown.flatMap(({ figure, title }) => figure === 'cpu' ? [title(result.unit), '±'] : [title(result.unit)])]
  // Where nobody has figures, the reasons still need a column.
  return [shown.length === 0 ? ['', ''] : head, ...result.contenders.map(each => rowOf(each, shown))]
}

function rowOf (one: Measurement, shown: readonly Column[]): string[] {
  const failure = one.leftOut ?? one.failures[0]
  if (failure !== undefined) return [one.name, failure, ...shown.map(() => '')]
  return [one.name, ...shown.flatMap(({ figure, digits }) => {
    const value = format(middle(one, figure), digits)
    return figure === 'cpu' ? [value, one.rounds.length > 1 ? `${format(apart(one, figure) * 50, 0)} %` : ''] : [value]
  })]
}

/** A number with so many digits after its point, and commas between thousands. */
export function format (value: number, digits: number): string {
  return Number.isNaN(value) ? '–' : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function plural (unit: string): string {
  if (unit.endsWith('y')) return unit.slice(0, -1) + 'ies'
  return unit.endsWith('sh') ? unit + 'es' : unit + 's'
}
