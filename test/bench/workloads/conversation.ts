import type { SocketClient } from '../clients/client.js'
import { Receiver, type Tally } from '../marks.js'

/** One client that says a few messages in one write, waits until all have come back, and goes on. */
export class Conversation {
  readonly #client: SocketClient
  readonly #window: number
  readonly #frame: (number: number) => Buffer
  readonly #latencies: number[] | null
  #blocks: Buffer[] = []
  #next = 0
  #saidAt = 0

  /**
   * @param window messages in one write
   * @param frame makes the bytes that say a message
   * @param latencies gets the time that each answer took, ms
   */
  constructor (client: SocketClient, tally: Tally, window: number, frame: (number: number) => Buffer, latencies: number[] | null = null) {
    this.#client = client
    this.#window = window
    this.#frame = frame
    this.#latencies = latencies
    client.count(new Receiver(tally, 0, 1, number => this.#heard(number)))
  }

  /** Makes what will be said, before the clock runs. */
  prepare (from: number, to: number): void {
    this.#blocks = []
    this.#next = 0
    for (let first = from; first < to; first += this.#window) {
      const frames = []
      for (let number = first; number < first + this.#window; number++) frames.push(this.#frame(number))
      this.#blocks.push(Buffer.concat(frames))
    }
  }

  /** Says the first of it; the rest follows by itself. */
  begin (): void {
    const block = this.#blocks[this.#next++]
    if (block === undefined) return
    this.#saidAt = performance.now()
    this.#client.write(block)
  }

  #heard (number: number): void {
    if ((number + 1) % this.#window !== 0) return
    this.#latencies?.push(performance.now() - this.#saidAt)
    this.begin()
  }
}

/** All of them say their messages of these numbers, made before, and have heard them when it resolves. */
export async function talk<Result = void> (conversations: readonly Conversation[], tally: Tally, from: number, to: number, around: (work: () => Promise<void>) => Promise<Result> = work => work() as Promise<Result>): Promise<Result> {
  for (const each of conversations) each.prepare(from, to)
  return around(async () => {
    for (const each of conversations) each.begin()
    await tally.reaches(to * conversations.length)
  })
}
