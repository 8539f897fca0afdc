export { nats } from './backplanes/nats.js'
export type { NatsOptions } from './backplanes/nats.js'
