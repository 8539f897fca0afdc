/** The panel of `monitoring`: an object of figures a second, a tile a figure. */

const MIB = 1024 * 1024

const spell = {
  cpu: value => `${value.toFixed(1)} %`,
  rss: value => `${(value / MIB).toFixed(1)} MB`,
  'event-loop-delay': value => `${value.toFixed(1)} ms`,
  sessions: String,
  'messages-per-second': value => value.toFixed(1),
  uptime: spellDuration,
  pid: String
}

export class MonitoringPanel {
  take ({ eventLoopDelay, messagesPerSecond, ...rest }) {
    const figures = { ...rest, 'event-loop-delay': eventLoopDelay, 'messages-per-second': messagesPerSecond }
    for (const [name, toText] of Object.entries(spell)) {
      document.getElementById(`monitoring-${name}`).textContent = toText(figures[name])
    }
    document.getElementById('monitoring-meter').style.width = `${Math.min(100, figures.cpu)}%`
  }
}

function spellDuration (seconds) {
  const parts = [[Math.floor(seconds / 3600), 'h'], [Math.floor(seconds / 60) % 60, 'min'], [seconds % 60, 's']]
  const first = parts.findIndex(([value]) => value > 0)
  return parts.slice(first === -1 ? 2 : first).slice(0, 2).map(([value, unit]) => `${value} ${unit}`).join(' ')
}
