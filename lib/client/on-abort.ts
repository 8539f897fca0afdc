/** Calls once when a signal is aborted. @returns lets go of the signal, which may live longer than who listens */
export function onAbort (signal: AbortSignal | undefined, call: () => void): () => void {
  signal?.addEventListener('abort', call, { once: true })
  return () => signal?.removeEventListener('abort', call)
}
