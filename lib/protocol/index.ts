/** `import … from 'fastify-bayeux/protocol'`: the wire on its own, without a server. */
export * from './advice.js'
export * from './binary.js'
export * from './channel.js'
export * from './codec.js'
export * from './error.js'
export * from './schemas.js'
export type * from './message.js'
