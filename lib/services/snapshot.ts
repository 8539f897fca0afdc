import type { Outgoing } from '../protocol/outgoing.js'

/** How much of a shared service is kept for who comes late. */
export interface SnapshotOptions {
  /** Messages at most. */
  readonly size: number
  /** Only the last of each key: the name of a property of `data`, or what a function says of `data`. */
  readonly key?: string | ((data: unknown) => unknown)
}

/** The last messages of a shared service, or the last by key; bounded in messages and in bytes. */
export class Snapshot {
  readonly #options: SnapshotOptions
  readonly #bound: number
  // Oldest first; the key is the message itself where none is asked for.
  readonly #events = new Map<unknown, Outgoing>()
  #bytes = 0

  /** @param bound bytes in all */
  constructor (options: SnapshotOptions, bound: number) {
    this.#options = options
    this.#bound = bound
  }

  get events (): readonly Outgoing[] {
    return [...this.#events.values()]
  }

  add (event: Outgoing): void {
    const { size, key } = this.#options
    if (size === 0) return
    const place = key === undefined ? event : keyOf(key, (event.message as { data?: unknown }).data)
    if (place === undefined) return
    this.#forget(place)
    this.#events.set(place, event)
    this.#bytes += event.bytes
    while (this.#events.size > size || this.#bytes > this.#bound) this.#forget(this.#events.keys().next().value)
  }

  clear (): void {
    this.#events.clear()
    this.#bytes = 0
  }

  #forget (place: unknown): void {
    const event = this.#events.get(place)
    if (event === undefined) return
    this.#events.delete(place)
    this.#bytes -= event.bytes
  }
}

// A message without a key is not kept; a function that fails has found none.
function keyOf (key: string | ((data: unknown) => unknown), data: unknown): unknown {
  if (typeof key === 'function') {
    try {
      return key(data)
    } catch {
      return undefined
    }
  }
  return typeof data === 'object' && data !== null && Object.hasOwn(data, key) ? (data as Record<string, unknown>)[key] : undefined
}
