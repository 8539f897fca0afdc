import { isThenable, type Eventually } from './after.js'

/** One step of work; it never throws and never rejects. */
export type Task = () => Eventually<void>

/**
 * The way in: one message of a session starts when the one before it has settled, so order
 * holds through asynchronous policies and slow services. With nothing asynchronous it costs nothing.
 */
export class Lane {
  // Mostly none ever waits.
  #waiting: Task[] | null = null
  #busy = false
  /** Called when the last waiting task has started. */
  onEmpty: (() => void) | null = null

  /** Whether nothing runs and nothing waits. */
  get idle (): boolean {
    return !this.#busy
  }

  get length (): number {
    return this.#waiting?.length ?? 0
  }

  push (task: Task): void {
    if (this.#busy) (this.#waiting ??= []).push(task)
    else this.#run(task)
  }

  #run (task: Task): void {
    const running = task()
    if (!isThenable(running)) return
    this.#busy = true
    running.then(() => this.#next())
  }

  #next (): void {
    this.#busy = false
    while (!this.#busy && this.length > 0) this.#run(this.#waiting?.shift() as Task)
    if (this.length > 0 || this.onEmpty === null) return
    const empty = this.onEmpty
    this.onEmpty = null
    empty()
  }
}
