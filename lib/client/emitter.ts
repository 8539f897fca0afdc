/** Listeners by name. What one throws is an error of the page or process, and stops no other. */
export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, Set<(...details: any[]) => void>>()

  /** @returns stops listening */
  on<Name extends keyof Events> (name: Name, listener: (...details: Events[Name]) => void): () => void {
    // Listening twice with one function is listening twice.
    const called = (...details: Events[Name]) => listener(...details)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(called))
    return () => listeners.delete(called)
  }

  /** @returns whether anybody listened */
  emit<Name extends keyof Events> (name: Name, ...details: Events[Name]): boolean {
    const listeners = this.#listeners.get(name)
    for (const listener of [...listeners ?? []]) guard(() => listener(...details))
    return (listeners?.size ?? 0) > 0
  }
}

/** Calls what belongs to the application: its mistakes are told as uncaught, and are none of ours. */
export function guard (call: () => void): void {
  try {
    call()
  } catch (error) {
    uncaught(error)
  }
}

/** Throws an error where nobody of ours is in the way. */
export function uncaught (error: unknown): void {
  queueMicrotask(() => { throw error })
}
