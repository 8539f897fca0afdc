import type { Realtime } from './realtime.js'

/** Exported so that the augmentation below travels with the types. */
export type FastifyRealtime = Realtime

declare module 'fastify' {
  interface FastifyInstance {
    /** The gateway's API, once fastify-bayeux is registered. */
    realtime: Realtime
  }
}
