/** The `cometd` client of npm as it is, in Node, with promises around its callbacks. */
import * as cometd from 'cometd'
import type { Callback, Configuration, Message, SubscriptionHandle } from 'cometd'
import { adapt } from 'cometd-nodejs-client'
import type { IncomingMessage } from 'node:http'
import WebSocket from 'ws'
import { within } from './until.js'

export type CometD = cometd.CometD
export type { Message } from 'cometd'

export type TransportName = 'websocket' | 'long-polling'

export interface CometdSettings extends Partial<Configuration> {
  /** `long-polling` takes the WebSocket away from it; with `websocket` it chooses for itself, and prefers that. */
  transport?: TransportName
  /**
   * Which cookies it keeps, and how. `none`: those of no transport, as in a process without a jar. `jar`: one jar for
   * both, as in a browser. `adapter`: as the Node adapter does, which keeps them for long-polling and not for WebSockets.
   */
  cookies?: 'none' | 'jar' | 'adapter'
}

type Test = { after: (fn: () => unknown) => unknown }

/** Makes a client that disconnects at the end of the test. What it finds in the global `window` is set for it: one at a time. */
export function makeCometd (t: Test, url: string, settings: CometdSettings = {}): CometD {
  const { transport = 'websocket', cookies = 'adapter', ...configuration } = settings
  furnishWindow(cookies)
  const client = new cometd.CometD()
  if (transport === 'long-polling') client.unregisterTransport('websocket')
  client.unregisterTransport('callback-polling')
  client.configure({ url, logLevel: 'warn', backoffIncrement: 50, maxBackoff: 200, ...configuration })
  t.after(async () => {
    if (!client.isDisconnected()) await disconnect(client)
  })
  return client
}

function furnishWindow (cookies: 'none' | 'jar' | 'adapter'): void {
  if (cookies === 'adapter') return adapt()
  const jar = new Map<string, string>()
  const store = (header: string) => {
    if (cookies === 'none') return
    const [name = '', value = ''] = (header.split(';')[0] as string).split('=')
    jar.set(name.trim(), value.trim())
  }
  const retrieve = () => [...jar].map(([name, value]) => `${name}=${value}`)
  adapt({
    cookies: {
      storeCookie: (_uri, header, callback) => {
        store(header)
        callback(null, header)
      },
      retrieveCookies: (_context, _uri, callback) => callback(null, retrieve())
    }
  })
  class WebSocketWithCookies extends WebSocket {
    constructor (address: string) {
      const brought = retrieve()
      super(address, brought.length === 0 ? {} : { headers: { cookie: brought.join('; ') } })
      this.on('upgrade', (response: IncomingMessage) => response.headers['set-cookie']?.forEach(store))
    }
  }
  const { window } = globalThis as unknown as { window: { WebSocket: unknown } }
  window.WebSocket = WebSocketWithCookies
}

/** Shakes hands. @returns the reply, or the first failure */
export function handshake (client: CometD): Promise<Message> {
  return within(new Promise<Message>(resolve => client.handshake(resolve)), 'handshake reply')
}

/** Shakes hands until it is done, as an application does that waits for the successful reply. */
export function handshaken (client: CometD): Promise<Message> {
  return within(new Promise<Message>(resolve => client.handshake(reply => {
    if (reply.successful === true) resolve(reply)
  })), 'successful handshake')
}

export interface Subscribed {
  readonly handle: SubscriptionHandle
  readonly reply: Message
}

export async function subscribe (client: CometD, channel: string, listener: Callback, props: object = {}): Promise<Subscribed> {
  let handle: SubscriptionHandle | undefined
  const replied = new Promise<Message>(resolve => {
    handle = client.subscribe(channel, listener, props, resolve)
  })
  const reply = await within(replied, `subscribe reply for ${channel}`)
  return { handle: handle as SubscriptionHandle, reply }
}

export function unsubscribe (client: CometD, handle: SubscriptionHandle, props: object = {}): Promise<Message> {
  return within(new Promise<Message>(resolve => client.unsubscribe(handle, props, resolve)), 'unsubscribe reply')
}

export function publish (client: CometD, channel: string, data: unknown): Promise<Message> {
  return within(new Promise<Message>(resolve => client.publish(channel, data, resolve)), `acknowledgement from ${channel}`)
}

export function disconnect (client: CometD): Promise<Message> {
  return within(new Promise<Message>(resolve => client.disconnect(resolve)), 'disconnect reply')
}
