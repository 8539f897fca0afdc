/** The tiles: sessions and messages with a chart, and figures of the gateway and its process. */
import { Chart } from './chart.js'
import { bytes, count, duration, say } from './spell.js'

const NAMES = { websocket: 'WebSocket', 'long-polling': 'polling', 'callback-polling': 'callback polling', none: 'away' }

export class Figures {
  #sessions = new Chart(document.getElementById('sessions-chart'), 5)
  #messages = new Chart(document.getElementById('messages-chart'), 10)
  #shown = null

  show ({ figures, sessions, counts, state }) {
    set('sessions-total', count(sessions.total) + (state === 'full' ? ' (full)' : ''))
    set('sessions-transports', Object.entries(sessions.transports).map(([name, number]) => `${count(number)} ${NAMES[name] ?? name}`).join(', '))
    set('waiting', bytes(sessions.waiting))
    set('subscriptions', count(counts.subscriptions))
    if (figures === null) return
    const { rates, cpu, rss, eventLoopDelay, uptime } = figures
    set('rate-messages', count(rates.messagesIn + rates.messagesOut))
    set('rate-split', `${count(rates.messagesIn)} in, ${count(rates.messagesOut)} out`)
    for (const name of ['published', 'delivered', 'handshakes', 'refused']) set(`rate-${name}`, count(rates[name]))
    set('cpu', `${count(cpu)} %`)
    set('rss', bytes(rss))
    set('delay', `${count(eventLoopDelay)} ms`)
    set('uptime', duration(uptime * 1000))
    // What was asked for between two beats has the figures of the one before.
    const beat = JSON.stringify(figures)
    if (beat === this.#shown) return
    this.#shown = beat
    this.#sessions.add(sessions.total)
    this.#messages.add(rates.messagesIn + rates.messagesOut)
  }
}

function set (id, text) {
  say(document.getElementById(id), text)
}
