/** The services as the gateway lists them, each with its state, why it is so, and its button. */

const WORDS = { off: 'off', connecting: 'opening', connected: 'live', reconnecting: 'reconnecting', ended: 'ended', refused: 'refused' }
const WANTED = ['connecting', 'connected', 'reconnecting']

export class ServiceList {
  #element
  #rows = new Map()
  #onToggle
  #enabled = false

  constructor (element, onToggle) {
    this.#element = element
    this.#onToggle = onToggle
  }

  /** Shows what there is; rows that stay are kept, and so is the focus in them. */
  list (services) {
    for (const [name, row] of this.#rows) {
      if (Object.hasOwn(services, name)) continue
      row.element.remove()
      this.#rows.delete(name)
    }
    this.#element.querySelector(':scope > .hint')?.remove()
    for (const [name, service] of Object.entries(services)) this.#row(name).address.textContent = addressOf(service)
  }

  /** @param why it ended, or was refused */
  show (name, state, why = '') {
    const row = this.#row(name)
    const wanted = WANTED.includes(state)
    row.element.dataset.state = state
    row.why.textContent = why
    row.button.textContent = wanted ? 'Unsubscribe' : 'Subscribe'
    row.button.classList.toggle('primary', !wanted)
    this.#word(row)
  }

  /** Without a connection nothing is live, and buttons do nothing. */
  enable (enabled) {
    this.#enabled = enabled
    for (const row of this.#rows.values()) this.#word(row)
  }

  #word ({ element, badge, button }) {
    const { state } = element.dataset
    const word = WANTED.includes(state) && !this.#enabled ? 'waiting' : WORDS[state]
    if (badge.textContent !== word) badge.textContent = word
    button.disabled = !this.#enabled
  }

  #row (name) {
    if (!this.#rows.has(name)) this.#rows.set(name, this.#add(name))
    return this.#rows.get(name)
  }

  #add (name) {
    const element = make('article', 'service')
    const title = make('h3', '', name)
    const address = make('p', 'address')
    const why = make('p', 'why')
    const badge = make('p', 'badge', WORDS.off)
    const button = make('button', 'primary', 'Subscribe')
    element.dataset.service = name
    element.dataset.state = 'off'
    title.id = `service-${name}`
    badge.setAttribute('role', 'status')
    button.type = 'button'
    button.disabled = !this.#enabled
    button.dataset.action = 'toggle'
    button.setAttribute('aria-describedby', title.id)
    button.addEventListener('click', () => this.#onToggle(name))
    const words = make('div', 'words')
    words.append(title, address)
    element.append(words, badge, button, why)
    this.#element.append(element)
    return { element, address, why, badge, button }
  }
}

function addressOf ({ type, domain, port }) {
  if (type === 'monitoring') return 'built in'
  return port === undefined ? type : `${type} ${domain}:${port}`
}

function make (tag, className, text = '') {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}
