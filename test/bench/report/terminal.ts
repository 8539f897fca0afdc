import { growth, verdicts } from '../goals.js'
import type { Result } from '../measure.js'
import { format, rowsOf } from './columns.js'

/** Prints one kind of work as a table. */
export function printWork (result: Result): void {
  print(`${result.title}  (${result.name})`, rowsOf(result))
}

/** Prints the goals with what was measured. */
export function printGoals (results: readonly Result[]): void {
  const rows = verdicts(results).map(({ work, figure, against, atMost, ratio, variant }) => [
    `${work} ${figure}${variant === '' ? '' : ` (${variant})`}`, against, `${format(ratio, 2)} ×`, `≤ ${atMost} ×`, Number.isNaN(ratio) ? '' : ratio <= atMost ? 'yes' : 'NO'
  ])
  const grown = growth(results)
  if (!Number.isNaN(grown)) rows.push(['subscriptions-100000 cpu', 'subscriptions-1000', `${format(grown, 2)} ×`, '≤ 1.25 ×', grown <= 1.25 ? 'yes' : 'NO'])
  if (rows.length > 0) print('fastify-bayeux, compared', [['', 'with', 'is', 'goal', 'met'], ...rows])
}

/** Prints a table; its first row is the head. */
export function print (title: string, rows: readonly string[][]): void {
  const widths = (rows[0] as string[]).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  const lines = rows.map(row => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number)).join('  ').trimEnd())
  process.stdout.write(`${title}\n  ${lines.join('\n  ')}\n\n`)
}
