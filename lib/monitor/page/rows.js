/** The rows of a table, each by its key: what stays keeps its element, and with it the focus. */
import { say } from './spell.js'

export class Rows {
  #body
  #rows = new Map()
  #make
  #fill

  /**
   * @param make `(cells, key)`: puts into the new cells what never changes
   * @param fill `(cells, item)`: puts the rest
   * @param labels of the cells, for narrow screens
   */
  constructor (id, labels, make, fill) {
    this.#body = document.getElementById(id)
    this.#make = (key) => {
      const row = document.createElement('tr')
      // Said aloud, for as small cards the rows are no table to a browser.
      row.setAttribute('role', 'row')
      const cells = labels.map((label, index) => {
        const cell = document.createElement(index === 0 ? 'th' : 'td')
        if (index === 0) cell.scope = 'row'
        cell.setAttribute('role', index === 0 ? 'rowheader' : 'cell')
        cell.dataset.label = label
        return cell
      })
      row.append(...cells)
      make(cells, key)
      return { row, cells }
    }
    this.#fill = fill
  }

  /** @param keyOf of an item */
  show (items, keyOf) {
    const wanted = new Map(items.map(item => [keyOf(item), item]))
    for (const [key, { row }] of this.#rows) {
      if (wanted.has(key)) continue
      row.remove()
      this.#rows.delete(key)
    }
    let before = this.#body.firstElementChild
    for (const [key, item] of wanted) {
      const known = this.#rows.get(key) ?? this.#make(key)
      this.#rows.set(key, known)
      this.#fill(known.cells, item)
      if (known.row === before) before = before.nextElementSibling
      else this.#body.insertBefore(known.row, before)
    }
  }

  get element () {
    return this.#body
  }
}

/** Texts into cells, from the first. */
export function fill (cells, texts) {
  texts.forEach((text, index) => text !== null && say(cells[index], text))
}

export function button (text, label, onClick) {
  const element = document.createElement('button')
  element.type = 'button'
  element.textContent = text
  element.setAttribute('aria-label', label)
  element.addEventListener('click', onClick)
  return element
}
