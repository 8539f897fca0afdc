const NONE: readonly never[] = []
// From here on a Set finds faster than a list.
const MANY = 8

/** A set that mostly holds one: then it weighs a third of a `Set`, and there are as many as there are connections and channels. */
export class Few<Item> implements Iterable<Item> {
  #items: readonly Item[] | Set<Item> = NONE

  get size (): number {
    return this.#items instanceof Set ? this.#items.size : this.#items.length
  }

  has (item: Item): boolean {
    return this.#items instanceof Set ? this.#items.has(item) : this.#items.includes(item)
  }

  /** @returns false where it is there already */
  add (item: Item): boolean {
    if (this.has(item)) return false
    if (this.#items instanceof Set) this.#items.add(item)
    else this.#items = this.#items.length < MANY ? [...this.#items, item] : new Set([...this.#items, item])
    return true
  }

  /** @returns false where it is not there */
  delete (item: Item): boolean {
    if (!this.has(item)) return false
    if (this.#items instanceof Set) this.#items.delete(item)
    else this.#items = this.#items.length === 1 ? NONE : this.#items.filter(each => each !== item)
    return true
  }

  [Symbol.iterator] (): Iterator<Item> {
    return this.#items[Symbol.iterator]()
  }
}
