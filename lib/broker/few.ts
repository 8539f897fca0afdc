const NONE: readonly never[] = []
// From here on a Set finds faster than a list.
const MANY = 8

/**
 * A set that mostly holds one: that one is kept as it is, and weighs a sixth of a `Set`; there are as many as there are
 * connections. What it holds is no array and no `Set` itself.
 */
export class Few<Item> implements Iterable<Item> {
  #items: Item | readonly Item[] | Set<Item> = NONE

  get size (): number {
    const items = this.#items
    if (items instanceof Set) return items.size
    return isList(items) ? items.length : 1
  }

  has (item: Item): boolean {
    const items = this.#items
    if (items instanceof Set) return items.has(item)
    return isList(items) ? items.includes(item) : items === item
  }

  /** @returns false where it is there already */
  add (item: Item): boolean {
    if (this.has(item)) return false
    const items = this.#items
    if (items instanceof Set) items.add(item)
    else if (items === NONE) this.#items = item
    else {
      // A list that is pushed to has room for seventeen.
      const more = isList(items) ? items.concat([item]) : [items, item]
      this.#items = more.length > MANY ? new Set(more) : more
    }
    return true
  }

  /** @returns false where it is not there */
  delete (item: Item): boolean {
    if (!this.has(item)) return false
    const items = this.#items
    if (items instanceof Set) items.delete(item)
    else this.#items = isList(items) ? items.filter(each => each !== item) : NONE
    return true
  }

  [Symbol.iterator] (): Iterator<Item> {
    const items = this.#items
    return (items instanceof Set || isList(items) ? items : [items])[Symbol.iterator]()
  }
}

function isList<Item> (items: Item | readonly Item[]): items is readonly Item[] {
  return Array.isArray(items)
}
