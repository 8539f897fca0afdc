import type { Extension, OutgoingMessage } from '../../types/index.js'

/**
 * Puts the time (ISO 8601, UTC) on every message to a client.
 * An event is stamped once however many receive it, with the time when the first of them was served.
 */
export function timestamp (): Extension {
  const stamped = new WeakMap<object, OutgoingMessage>()
  return {
    name: 'timestamp',
    outgoing (message) {
      let copy = stamped.get(message)
      if (copy === undefined) stamped.set(message, copy = { ...message, timestamp: new Date().toISOString() })
      return copy
    }
  }
}
