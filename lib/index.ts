/** What `import … from 'fastify-bayeux'` gives. */
export { realtime, realtime as default } from './plugin.js'
export { OptionsSchema } from './options.js'
export { LimitsSchema } from './limits.js'
export type { Options, RealtimeOptions, ServiceInput, ServiceOptions } from './options.js'
export type { Limits } from './limits.js'
export type { EventMessage, ReplyMessage } from './protocol/message.js'
export type * from '../types/index.js'
