import type { Checked, Operation } from '../../protocol/message.js'
import type { Eventually } from '../after.js'
import type { Broker } from '../broker.js'
import type { Request } from '../request.js'
import { connect } from './connect.js'
import { disconnect } from './disconnect.js'
import { handshake } from './handshake.js'
import { publish } from './publish.js'
import { subscribe } from './subscribe.js'
import { unsubscribe } from './unsubscribe.js'

/** Does one operation and sees to its answer; what it returns settles when the next message may start. */
export type Handler<Key extends Operation> = (broker: Broker, request: Request<Extract<Checked, { operation: Key }>>) => Eventually<void>

/** One operation of Bayeux a file. */
export const handlers: { readonly [Key in Operation]: Handler<Key> } = {
  handshake,
  connect,
  disconnect,
  subscribe,
  unsubscribe,
  publish
}
