/** The table of services: how each is, and how much it says and is told. */
import { fill, Rows } from './rows.js'
import { count, duration, error, say } from './spell.js'

const LABELS = ['Name', 'State', 'Open', 'In / s', 'Out / s', 'Dropped', 'Errors', 'Last error']
const NUMBERS = [2, 3, 4, 5, 6]
const WORDS = { unknown: 'not used yet', up: 'up', down: 'down', reconnecting: 'reconnecting' }

export class Services {
  #at = 0
  #rows = new Rows('services', LABELS, cells => {
    cells[1].append(Object.assign(document.createElement('span'), { className: 'badge' }))
    for (const index of NUMBERS) cells[index].className = 'number'
    cells[7].className = 'error'
  }, (cells, { name, state, open, in: came, out: went, dropped, errors, lastError }) => {
    fill(cells, [name, null, count(open), rate(came), rate(went), count(dropped), count(errors), this.#spell(lastError)])
    cells[1].firstElementChild.dataset.state = state
    say(cells[1].firstElementChild, WORDS[state])
  })

  show ({ at, services: { total, rows } }) {
    this.#at = at
    this.#rows.show(rows, ({ name }) => name)
    say(document.getElementById('services-found'), total > rows.length ? `${count(rows.length)} of ${count(total)}` : '')
    document.getElementById('services-none').hidden = total > 0
  }

  #spell (lastError) {
    return lastError === null ? '' : `${error(lastError.error)}, ${duration(this.#at - lastError.at)} ago`
  }
}

const rate = value => value === null ? '–' : count(value)
