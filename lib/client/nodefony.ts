/** `import … from 'fastify-bayeux/client/nodefony'`: the client of Nodefony's Realtime Bundle, by its own names. */
export { Authenticate } from './nodefony/authenticate.js'
export type { ListenerName, Listeners, Message, SocketDescription } from './nodefony/listeners.js'
export { Realtime, type RealtimeSettings } from './nodefony/realtime.js'
