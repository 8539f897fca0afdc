// ms that a process has to obey SIGTERM.
const PATIENCE = 2000

const living = new Set<ProcessGroup>()

// Who leaves in a hurry leaves nobody behind.
process.on('exit', () => {
  for (const group of living) group.signal('SIGKILL')
})

/** A process and whoever it started, as far as they did not leave it for a process group of their own. */
export class ProcessGroup {
  readonly #target: number
  #timer: NodeJS.Timeout | null = null

  /** @param pid of a process that is the head of its group; where there are no groups, of the process */
  constructor (pid: number) {
    this.#target = process.platform === 'win32' ? pid : -pid
    living.add(this)
  }

  /** SIGTERM for everybody, and SIGKILL for those who do not obey. */
  end (): void {
    if (!this.signal('SIGTERM')) return
    this.#timer ??= setTimeout(() => {
      this.signal('SIGKILL')
      living.delete(this)
    }, PATIENCE)
  }

  /** The head is gone: looks whether anybody else is left. */
  forget (): void {
    if (this.signal(0)) return
    living.delete(this)
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  /** @returns whether somebody was there to get it */
  signal (signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(this.#target, signal)
    } catch {
      return false
    }
  }
}
