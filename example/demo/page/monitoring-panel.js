/** The panel of `monitoring`: an object of figures a second, a tile a figure, two of them with a chart. */
import { Chart } from './chart.js'

const MIB = 1024 * 1024

const spell = {
  cpu: ({ cpu }) => `${cpu.toFixed(1)} %`,
  rate: ({ messagesPerSecond }) => messagesPerSecond.toFixed(1),
  rss: ({ rss }) => `${(rss / MIB).toFixed(1)} MB`,
  delay: ({ eventLoopDelay }) => `${eventLoopDelay.toFixed(1)} ms`,
  sessions: ({ sessions }) => String(sessions),
  uptime: ({ uptime }) => spellDuration(uptime),
  pid: ({ pid }) => String(pid)
}

export class MonitoringPanel {
  #cpu = new Chart(document.getElementById('monitoring-cpu-chart'), { least: 10 })
  #rate = new Chart(document.getElementById('monitoring-rate-chart'), { least: 20 })

  take (figures) {
    for (const [name, textOf] of Object.entries(spell)) document.getElementById(`monitoring-${name}`).textContent = textOf(figures)
    this.#cpu.add(figures.cpu)
    this.#rate.add(figures.messagesPerSecond)
  }
}

function spellDuration (seconds) {
  const parts = [[Math.floor(seconds / 3600), 'h'], [Math.floor(seconds / 60) % 60, 'min'], [seconds % 60, 's']]
  const first = parts.findIndex(([value]) => value > 0)
  return parts.slice(first === -1 ? 2 : first).slice(0, 2).map(([value, unit]) => `${value} ${unit}`).join(' ')
}
