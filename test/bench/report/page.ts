import { readFileSync, writeFileSync } from 'node:fs'
import { growth, verdicts } from '../goals.js'
import { machine } from '../machine.js'
import type { Result } from '../measure.js'
import { chart } from './chart.js'
import { format, rowsOf } from './columns.js'

const DOCS = new URL('../../../../../docs/', import.meta.url)
const BEGIN = '<!-- figures: written by npm run bench -- --write -->'
const END = '<!-- end of figures -->'

/** How the figures came about. */
export interface Run {
  readonly begun: Date
  readonly rounds: number
  readonly quick: boolean
  /** The work that was picked, as it was said; undefined: all. */
  readonly only: string | undefined
}

/** Writes the tables into docs/performance.md, between their marks, and the chart beside it. */
export function writePage (results: readonly Result[], run: Run): void {
  const page = new URL('performance.md', DOCS)
  const text = readFileSync(page, 'utf8')
  const [before, after] = [text.split(BEGIN)[0] as string, text.split(END)[1] as string]
  writeFileSync(page, before + [BEGIN, about(run), goalsTable(results), ...results.map(work), END].join('\n\n') + after)
  writeFileSync(new URL('performance.svg', DOCS), chart(results))
}

function about ({ begun, rounds, quick, only }: Run): string {
  const picked = only === undefined ? '' : `--only ${only} `
  return `${begun.toISOString().slice(0, 10)}: ${machine()}. \`npm run bench -- ${quick ? '--quick ' : ''}${picked}--rounds ${rounds} --write\`, the middle of ${rounds} round${rounds === 1 ? '' : 's'}.`
}

function goalsTable (results: readonly Result[]): string {
  const titleOf = (work: string) => results.find(({ name }) => name === work)?.title ?? work
  const rows = verdicts(results).map(({ work, figure, against, atMost, ratio, variant }) => [
    [titleOf(work), ...variant === '' ? [] : [variant]].join(', '), figure, against, `${format(ratio, 2)} ×`, `≤ ${atMost} ×`, Number.isNaN(ratio) ? '' : ratio <= atMost ? 'yes' : '**no**'
  ])
  const grown = growth(results)
  if (!Number.isNaN(grown)) rows.push(['100,000 subscriptions', 'cpu', '1,000 subscriptions', `${format(grown, 2)} ×`, '≤ 1.25 ×', grown <= 1.25 ? 'yes' : '**no**'])
  return '### Compared\n\n' + table([['work', 'figure', 'with', 'fastify-bayeux is', 'goal', 'met'], ...rows])
}

function work (result: Result): string {
  const title = result.title[0]?.toUpperCase() + result.title.slice(1)
  return `### ${title}\n\n` + table(rowsOf(result))
}

function table ([head, ...rows]: string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head as string[]), line((head as string[]).map((_, column) => column === 0 ? '---' : '---:')), ...rows.map(line)].join('\n')
}
