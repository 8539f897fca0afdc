/** What a wheel carries: when it is due (ms on the clock of `now`, Infinity: never), and the slot it lies in (0: none). */
export interface Due {
  due: number
  slot: number
}

const SLOT = 100

/** Milliseconds on a clock that never jumps, so that setting the machine's time expires nobody. */
export function now (): number {
  return performance.now()
}

/**
 * Deadlines by one sweep: no timer a session. An item lies in the slot of an early deadline and is
 * looked at again only when that slot comes up, so moving a deadline further away costs an assignment.
 * Deadlines are met to within 100 ms, never early.
 */
export class Wheel<Item extends Due> {
  readonly #slots = new Map<number, Item[]>()
  readonly #fire: (item: Item) => void
  #swept = slotOf(now())
  #timer: NodeJS.Timeout | null = null

  constructor (fire: (item: Item) => void) {
    this.#fire = fire
  }

  /** Sets when an item is due, on the clock of {@link now}. */
  set (item: Item, due: number): void {
    item.due = due
    if (due === Infinity) return
    const slot = slotOf(due)
    if (item.slot === 0 || slot < item.slot) this.#put(item, slot)
  }

  stop (): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#slots.clear()
  }

  #put (item: Item, slot: number): void {
    // First, for it says which slots are over: what was due before lies in the next one.
    this.#timer ??= this.#start()
    item.slot = Math.max(slot, this.#swept + 1)
    const items = this.#slots.get(item.slot)
    if (items === undefined) this.#slots.set(item.slot, [item])
    else items.push(item)
  }

  #start (): NodeJS.Timeout {
    this.#swept = slotOf(now()) - 1
    return setInterval(() => this.#sweep(), SLOT).unref()
  }

  #sweep (): void {
    const time = now()
    // A slot is swept when it is over: nothing in it is early.
    for (const last = slotOf(time) - 1; this.#swept < last;) {
      const items = this.#slots.get(++this.#swept)
      if (items === undefined) continue
      this.#slots.delete(this.#swept)
      for (const item of items) this.#look(item, time)
    }
    if (this.#slots.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #look (item: Item, time: number): void {
    // It moved to an earlier slot meanwhile, or was looked at there.
    if (item.slot !== this.#swept) return
    item.slot = 0
    if (item.due <= time) this.#fire(item)
    else if (item.due !== Infinity) this.#put(item, slotOf(item.due))
  }
}

function slotOf (time: number): number {
  return Math.floor(time / SLOT)
}
