/** Tells each page which worker its session lives on, with the answer to every connect. */
import type { Extension } from 'fastify-bayeux'

/** @param worker its number */
export function workerName (worker: number): Extension {
  return {
    name: 'worker name',
    outgoing (message) {
      if (message.channel === '/meta/connect') return { ...message, ext: { ...message.ext, worker } }
    }
  }
}
