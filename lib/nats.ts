export { natsHistory } from './histories/nats.js'
export type { NatsHistoryOptions } from './histories/nats.js'
