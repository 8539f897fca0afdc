/** The table of sessions: a page of those that are looked for, and the end of one. */
import { button, fill, Rows } from './rows.js'
import { bytes, count, duration, say } from './spell.js'

const LABELS = ['No.', 'Address', 'Transport', 'Age', 'Subscribed', 'Services', 'Waiting', '']
const NUMBERS = [3, 4, 5, 6]
const PAUSE = 150

export class Sessions {
  look = { find: '', order: 'newest', page: 0 }
  #rows
  #shown = new Map()
  #you = 0
  #find = document.getElementById('find')
  #order = document.getElementById('order')
  #title = document.getElementById('sessions-title')
  #found = document.getElementById('sessions-found')
  #previous = document.getElementById('previous')
  #next = document.getElementById('next')
  #dialog = document.getElementById('end')
  #onLook
  #timer

  /**
   * @param onLook told that something else is wanted
   * @param onEnd told of the number of a session that is to end
   */
  constructor (onLook, onEnd) {
    this.#onLook = onLook
    this.#rows = new Rows('sessions', LABELS, (cells, number) => this.#make(cells, number), (cells, session) => this.#fill(cells, session))
    document.getElementById('sessions-form').addEventListener('submit', event => {
      event.preventDefault()
      this.#ask({ find: this.#find.value, page: 0 })
    })
    this.#find.addEventListener('input', () => {
      window.clearTimeout(this.#timer)
      this.#timer = window.setTimeout(() => this.#ask({ find: this.#find.value, page: 0 }), PAUSE)
    })
    this.#order.addEventListener('change', () => this.#ask({ order: this.#order.value, page: 0 }))
    this.#previous.addEventListener('click', () => this.#ask({ page: this.look.page - 1 }))
    this.#next.addEventListener('click', () => this.#ask({ page: this.look.page + 1 }))
    this.#dialog.addEventListener('close', () => {
      const number = Number(this.#dialog.dataset.number)
      if (this.#dialog.returnValue === 'end') onEnd(number)
      this.#dialog.returnValue = ''
    })
  }

  /** Looks for those who are subscribed to a channel. */
  find (text) {
    this.#find.value = text
    this.#title.focus()
    this.#ask({ find: text, page: 0 })
  }

  show ({ you, sessions, look }) {
    this.#you = you
    const { total, found, page, pages, rows } = sessions
    // The gateway knows how many pages there are.
    if (look.page === this.look.page) this.look = { ...this.look, page }
    const inside = this.#rows.element.contains(document.activeElement)
    this.#shown = new Map(rows.map(row => [row.number, row]))
    this.#rows.show(rows, ({ number }) => number)
    // The one that had the focus has ended.
    if (inside && !this.#rows.element.contains(document.activeElement)) this.#title.focus()
    say(this.#found, found === total ? '' : `${count(found)} of ${count(total)}`)
    document.getElementById('sessions-none').hidden = found > 0
    say(document.getElementById('page'), `${page + 1} of ${count(pages)}`)
    this.#previous.disabled = page === 0
    this.#next.disabled = page >= Math.min(pages, 40) - 1
    document.querySelector('.pager').hidden = pages === 1
  }

  #ask (change) {
    window.clearTimeout(this.#timer)
    this.look = { ...this.look, ...change }
    this.#onLook()
  }

  #make (cells, number) {
    for (const index of NUMBERS) cells[index].className = 'number'
    const last = cells.at(-1)
    last.className = 'act'
    if (number === this.#you) last.append(Object.assign(document.createElement('span'), { className: 'badge', textContent: 'this page' }))
    else last.append(button('End', `End session ${number}`, () => this.#askToEnd(number)))
  }

  #fill (cells, { number, transport, address, age, subscriptions, services, waiting }) {
    fill(cells, [String(number), address, transport ?? 'away', duration(age), count(subscriptions), count(services), bytes(waiting)])
    cells[2].dataset.away = String(transport === null)
  }

  #askToEnd (number) {
    const { address, transport, age } = this.#shown.get(number)
    this.#dialog.dataset.number = String(number)
    say(document.getElementById('end-title'), `End session ${number}?`)
    say(document.getElementById('end-text'), `From ${address}, ${transport === null ? 'between two connections' : `over ${transport}`}, ${duration(age)} old. Its client is told, and advised to stay away.`)
    this.#dialog.showModal()
  }
}
