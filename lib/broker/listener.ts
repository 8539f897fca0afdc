import type { FastifyBaseLogger } from 'fastify'
import type { Listener } from '../../types/index.js'
import type { EventMessage } from '../protocol/message.js'
import { isThenable } from './after.js'
import type { Subscriber } from './subscriptions.js'

/** A listener of the application as a subscriber: what it throws is for the log, and hurts nobody else. */
export function subscriberOf (listener: Listener, pattern: string, log: FastifyBaseLogger): Subscriber {
  const failed = (error: unknown) => log.error({ err: error, channel: pattern }, 'a listener failed')
  return {
    stamp: 0,
    take (event, publisher) {
      try {
        const running: unknown = listener(event.message as EventMessage, publisher)
        if (isThenable(running)) running.then(undefined, failed)
      } catch (error) {
        failed(error)
      }
    }
  }
}
