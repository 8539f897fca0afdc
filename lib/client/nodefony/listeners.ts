import type { Authenticate } from './authenticate.js'
import type { Realtime } from './realtime.js'

/** A message as it came from the gateway. */
export interface Message {
  readonly channel: string
  readonly successful?: boolean
  readonly clientId?: string
  readonly subscription?: string
  readonly data?: unknown
  readonly ext?: Readonly<Record<string, unknown>>
}

/** What `onHandshake` gets for a socket. */
export interface SocketDescription {
  readonly url: string
  readonly transport: string
}

/** What fires when, with its arguments. */
export interface Listeners {
  /** The gateway wants to know who this is: `authenticate.register(username, password)` tells it. */
  onUnauthorized: (authenticate: Authenticate, realtime: Realtime) => void
  /** It lets us in; `authenticate` is null where it never asked. */
  onAuthorized: (authenticate: Authenticate | null, realtime: Realtime) => void
  /** `status`: a code of Bayeux or HTTP; `message`: in words. */
  onError: (realtime: Realtime, status: number, message: string) => void
  /** A service said something. */
  onMessage: (service: string, message: any) => void
  /** The connection is ready. */
  onHandshake: (socket: SocketDescription) => void
  /** The gateway is ready; `message.data` is the directory of services. */
  onConnect: (message: Message, realtime: Realtime) => void
  /** The session is over, and no other will follow. */
  onDisconnect: (message: Message, realtime: Realtime) => void
  /** The connection was lost. */
  onClose: (message: Message) => void
  onSubscribe: (service: string, message: Message, realtime: Realtime) => void
  onUnsubscribe: (service: string, message: Message, realtime: Realtime) => void
}

export type ListenerName = keyof Listeners | 'onUnSubscribe'

/** Both spellings are one event. */
export function eventOf (name: string): keyof Listeners {
  return (name === 'onUnSubscribe' ? 'onUnsubscribe' : name) as keyof Listeners
}
