const NONE: readonly never[] = []

/** A set that mostly holds one, never many, and weighs a fifth of a `Set`: each connection has one. */
export class Few<Item> implements Iterable<Item> {
  #items: readonly Item[] = NONE

  get size (): number {
    return this.#items.length
  }

  has (item: Item): boolean {
    return this.#items.includes(item)
  }

  add (item: Item): void {
    if (!this.has(item)) this.#items = [...this.#items, item]
  }

  delete (item: Item): void {
    if (this.has(item)) this.#items = this.#items.filter(each => each !== item)
  }

  /** Goes through those that are there now, whoever comes or goes meanwhile. */
  [Symbol.iterator] (): Iterator<Item> {
    return this.#items[Symbol.iterator]()
  }
}
