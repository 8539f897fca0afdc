/** `import { nats, natsHistory } from 'fastify-bayeux/nats'`: several nodes on one NATS. */
export { nats } from './backplanes/nats.js'
export type { NatsOptions } from './backplanes/nats.js'
export { natsHistory } from './histories/nats.js'
export type { NatsHistoryOptions } from './histories/nats.js'
