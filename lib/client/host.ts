/** What the client finds where it runs: a page, a worker, Node. Everything here may be missing but for `fetch`. */

/** The constructor of WebSockets: the browser's own, `ws`, or what an application makes of them. */
export interface SocketClass {
  new (url: string, protocols?: string | string[]): Socket
}

/** The part of a WebSocket that is looked at here; CometD's transport looks at more. */
export interface Socket {
  onopen: unknown
  onerror: unknown
  close (code?: number, reason?: string): void
}

interface WorkerLike {
  onmessage: unknown
  onerror: unknown
  postMessage (message: unknown): void
}

interface Host {
  /** CometD looks for its surroundings here. */
  window?: { WebSocket?: SocketClass | undefined }
  readonly location?: { readonly href: string }
  readonly WebSocket?: SocketClass
  readonly Worker?: new (url: string) => WorkerLike
  readonly addEventListener?: (name: string, listener: (event: { persisted?: boolean }) => void) => void
  readonly removeEventListener?: (name: string, listener: (event: { persisted?: boolean }) => void) => void
}

export const host = globalThis as unknown as Host

/** CometD reads a global `window`. Where there is none, as in Node, it gets one that has nothing, out of the way of loops. */
export function provideWindow (): void {
  if (host.window !== undefined) return
  Object.defineProperty(globalThis, 'window', { value: {}, configurable: true, writable: true })
}

/** The symbol behind `using`; browsers without it get the one that compilers fall back to. */
export const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose')

/** The symbol behind `await using`. */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')
