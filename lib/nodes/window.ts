import { interestKeys } from '../protocol/channel.js'

/** Something that was published, as it goes over the bus. */
export interface Published {
  readonly number: number
  readonly channel: string
  readonly payload: string
}

/**
 * What this node has published last, numbered, whether it could be said or not: who was cut off asks for it again.
 * It is bounded; the oldest goes first.
 */
export class Window {
  readonly #limits: { readonly events: number, readonly bytes: number }
  #kept: Published[] = []
  #head = 0
  #bytes = 0
  /** The last number that was given. */
  last = 0

  constructor (limits: { readonly events: number, readonly bytes: number }) {
    this.#limits = limits
  }

  get size (): number {
    return this.#kept.length - this.#head
  }

  add (published: Published): void {
    this.last = published.number
    this.#kept.push(published)
    this.#bytes += published.payload.length
    while (this.size > this.#limits.events || (this.#bytes > this.#limits.bytes && this.size > 0)) this.#drop()
  }

  /** Takes what is before a number, oldest first. */
  take (number: number): Published[] {
    const taken: Published[] = []
    for (;;) {
      const first = this.#kept[this.#head]
      if (first === undefined || first.number >= number) return taken
      taken.push(first)
      this.#drop()
    }
  }

  #drop (): void {
    this.#bytes -= (this.#kept[this.#head] as Published).payload.length
    this.#head++
    if (this.#head * 2 < this.#kept.length) return
    this.#kept = this.#kept.slice(this.#head)
    this.#head = 0
  }

  /**
   * What came after a number, oldest first.
   * @param interests of who asks; null: everything
   */
  after (number: number, interests: ReadonlySet<string> | null): Published[] {
    const first = this.#kept[this.#head]?.number ?? 0
    const from = this.#head + Math.max(0, number + 1 - first)
    const later = this.#kept.slice(from)
    return interests === null ? later : later.filter(({ channel }) => interestKeys(channel).some(key => interests.has(key)))
  }

  /** How many came after a number and are not there any more. */
  lost (number: number): number {
    const first = this.#kept[this.#head]?.number ?? this.last + 1
    return Math.max(0, first - number - 1)
  }
}
