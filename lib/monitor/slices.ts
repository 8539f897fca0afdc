import { setImmediate as nextTurn } from 'node:timers/promises'

const SLICE = 10

/** Goes through items, and lets everybody else have a turn each 10 ms. */
export async function inSlices<Item> (items: Iterable<Item>, visit: (item: Item) => void): Promise<void> {
  let end = performance.now() + SLICE
  let visited = 0
  for (const item of items) {
    visit(item)
    if ((++visited & 63) !== 0 || performance.now() < end) continue
    await nextTurn()
    end = performance.now() + SLICE
  }
}
