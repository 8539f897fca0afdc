/** The table of channels and patterns, the busiest first. */
import { button, fill, Rows } from './rows.js'
import { count, say } from './spell.js'

const LABELS = ['Channel', 'Receivers', 'Published / s']
const PAUSE = 150

export class Channels {
  look = { channels: '' }
  #rows
  #timer

  /**
   * @param onLook told that something else is wanted
   * @param onPick told of a channel whose sessions are wanted
   */
  constructor (onLook, onPick) {
    const find = document.getElementById('find-channels')
    const ask = () => {
      window.clearTimeout(this.#timer)
      this.look = { channels: find.value.trim() }
      onLook()
    }
    document.getElementById('channels-form').addEventListener('submit', event => {
      event.preventDefault()
      ask()
    })
    find.addEventListener('input', () => {
      window.clearTimeout(this.#timer)
      this.#timer = window.setTimeout(ask, PAUSE)
    })
    this.#rows = new Rows('channels', LABELS, (cells, channel) => {
      cells[0].append(button(channel, `Sessions subscribed to ${channel}`, () => onPick(channel)))
      cells[1].className = cells[2].className = 'number'
    }, (cells, { receivers, published }) => fill(cells, [null, count(receivers), count(published)]))
  }

  show ({ channels: { total, found, rows } }) {
    this.#rows.show(rows, ({ channel }) => channel)
    say(document.getElementById('channels-found'), rows.length === total ? '' : `${count(rows.length)} of ${count(total)}${found > rows.length && found < total ? `, ${count(found)} fit` : ''}`)
    document.getElementById('channels-none').hidden = rows.length > 0
  }
}
