import { middle, type Result } from '../measure.js'
import type { Role } from '../contenders.js'
import { format } from './columns.js'

// The work that the chart shows.
const SHOWN = ['fan-out-1000-1', 'fan-out-1000-16', 'polls-200-1', 'publish-websocket', 'round-trip', 'subscriptions-100000']

const WIDTH = 760
const LABEL = 240
const BAR = 16
const ROW = 22
const HEAD = 30
const GAP = 18

/** Bars of the CPU a unit, one group a kind of work, as an SVG picture for light and dark pages. */
export function chart (results: readonly Result[]): string {
  const groups = SHOWN.map(name => results.find(result => result.name === name)).filter(result => result !== undefined)
  let y = 12
  const parts = groups.map(result => {
    const bars = result.contenders.map(each => ({ name: each.name, role: each.role, value: middle(each, 'cpu') })).filter(({ value }) => !Number.isNaN(value))
    const most = Math.max(...bars.map(({ value }) => value))
    const head = `<text class="head" x="0" y="${y + 14}">${escape(result.title)}</text>`
    const rows = bars.map((bar, index) => row(bar, most, y + HEAD + index * ROW))
    y += HEAD + bars.length * ROW + GAP
    return [head, ...rows].join('\n')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="CPU of the server in microseconds a unit of work; shorter is better">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.head { font-weight: 600 }
.ours { fill: #0a7d5a } .peer { fill: #b6bec8 } .loop { fill: #e3e7eb }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .ours { fill: #2fbf8f } .peer { fill: #6e7681 } .loop { fill: #3a4149 } }
</style>
${parts.join('\n')}
</svg>
`
}

function row ({ name, role, value }: { name: string, role: Role, value: number }, most: number, y: number): string {
  const length = Math.max(1, Math.round(value / most * (WIDTH - LABEL - 90)))
  return `<text x="0" y="${y + 12}">${escape(name)}</text><rect class="${role}" x="${LABEL}" y="${y}" width="${length}" height="${BAR}" rx="2"/><text x="${LABEL + length + 8}" y="${y + 12}">${format(value, 2)} µs</text>`
}

function escape (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
