/** The log of protocol events: a bounded list, the newest first. */

const KEPT = 100

export class EventLog {
  #list

  constructor (list) {
    this.#list = list
  }

  note (kind, text) {
    const item = document.createElement('li')
    item.dataset.kind = kind
    const now = new Date()
    const time = document.createElement('time')
    time.dateTime = now.toISOString()
    time.textContent = now.toTimeString().slice(0, 8)
    const label = document.createElement('span')
    label.className = 'kind'
    label.textContent = kind
    const words = document.createElement('span')
    words.className = 'text'
    words.textContent = text
    item.append(time, label, words)
    this.#list.prepend(item)
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild.remove()
  }
}
