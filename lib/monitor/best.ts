/** The first so many of any number of items, in an order; the others are forgotten as they come. */
export class Best<Item> {
  readonly items: Item[] = []
  readonly #most: number
  readonly #compare: (one: Item, other: Item) => number

  constructor (most: number, compare: (one: Item, other: Item) => number) {
    this.#most = most
    this.#compare = compare
  }

  add (item: Item): void {
    const { items } = this
    const full = items.length === this.#most
    if (full && this.#compare(item, items[items.length - 1] as Item) >= 0) return
    let low = 0
    for (let high = items.length; low < high;) {
      const middle = (low + high) >> 1
      if (this.#compare(items[middle] as Item, item) <= 0) low = middle + 1
      else high = middle
    }
    items.splice(low, 0, item)
    if (full) items.pop()
  }
}
