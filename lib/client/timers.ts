import { host } from './host.js'

// Told `[id, ms]` to set one, `[id]` to clear it.
const PROGRAM = 'const all={};onmessage=({data:[id,ms]})=>{clearTimeout(all[id]);if(ms>=0)all[id]=setTimeout(()=>postMessage(id),ms)}'

interface Task {
  readonly run: () => void
  readonly due: number
  timer?: unknown
}

/**
 * Timers that go on time in a hidden page, where browsers slow down its own to one a minute: a worker keeps them.
 * Where workers are missing or forbidden (Node; a Content-Security-Policy without `worker-src blob:`), they are the host's.
 */
export class Timers {
  readonly #tasks = new Map<number, Task>()
  #worker: InstanceType<NonNullable<typeof host.Worker>> | null = null
  #last = 0

  constructor (worker: boolean) {
    if (!worker || host.Worker === undefined) return
    try {
      const url = URL.createObjectURL(new Blob([PROGRAM], { type: 'text/javascript' }))
      this.#worker = new host.Worker(url)
      this.#worker.onmessage = ({ data }: { data: number }) => this.#fire(data)
      this.#worker.onerror = () => this.#withoutWorker()
    } catch {
      this.#worker = null
    }
  }

  /** @returns what `clear` takes */
  set (run: () => void, delay: number): number {
    const id = ++this.#last
    const task: Task = { run, due: Date.now() + delay }
    this.#tasks.set(id, task)
    if (this.#worker === null) this.#keep(id, task, delay)
    else this.#worker.postMessage([id, delay])
    return id
  }

  clear (id: number): void {
    const task = this.#tasks.get(id)
    if (task === undefined || !this.#tasks.delete(id)) return
    if (task.timer !== undefined) clearTimeout(task.timer as number)
    else this.#worker?.postMessage([id])
  }

  #keep (id: number, task: Task, delay: number): void {
    task.timer = setTimeout(() => this.#fire(id), delay)
  }

  #fire (id: number): void {
    const task = this.#tasks.get(id)
    if (this.#tasks.delete(id)) task?.run()
  }

  #withoutWorker (): void {
    this.#worker = null
    for (const [id, task] of this.#tasks) {
      if (task.timer === undefined) this.#keep(id, task, Math.max(0, task.due - Date.now()))
    }
  }
}
