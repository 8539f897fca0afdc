/** The services as the gateway lists them, each with its state and its button. */

const WORDS = { off: 'off', waiting: 'waiting', opening: 'opening', on: 'live', ended: 'ended', refused: 'refused' }

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
    for (const [name, service] of Object.entries(services)) {
      if (!this.#rows.has(name)) this.#rows.set(name, this.#add(name))
      this.#rows.get(name).address.textContent = addressOf(service)
    }
  }

  show ({ name, state, detail = '' }) {
    const row = this.#rows.get(name)
    if (row === undefined) return
    const wanted = state === 'on' || state === 'opening' || state === 'waiting'
    row.element.dataset.state = state
    this.#word(row)
    row.state.title = detail
    row.button.textContent = wanted ? 'Unsubscribe' : 'Subscribe'
    row.button.classList.toggle('primary', !wanted)
  }

  /** Without a connection nothing is live, and buttons do nothing. */
  enable (enabled) {
    this.#enabled = enabled
    for (const row of this.#rows.values()) this.#word(row)
  }

  #word ({ element, state, button }) {
    const live = element.dataset.state === 'on'
    state.textContent = live && !this.#enabled ? WORDS.waiting : WORDS[element.dataset.state]
    button.disabled = !this.#enabled
  }

  #add (name) {
    const element = make('article', 'service')
    const title = make('h3', '', name)
    const address = make('p', 'address')
    const state = make('p', 'badge', WORDS.off)
    const button = make('button', 'primary', 'Subscribe')
    element.dataset.service = name
    element.dataset.state = 'off'
    title.id = `service-${name}`
    state.setAttribute('role', 'status')
    button.type = 'button'
    button.disabled = !this.#enabled
    button.dataset.action = 'toggle'
    button.setAttribute('aria-describedby', title.id)
    button.addEventListener('click', () => this.#onToggle(name))
    const words = make('div', 'words')
    words.append(title, address)
    element.append(words, state, button)
    this.#element.append(element)
    return { element, address, state, button }
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
