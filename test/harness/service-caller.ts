/** A session that talks to services by hand, over either transport, in the same words. */
import { PollClient } from './poll-client.js'
import { SocketClient, type Message } from './socket-client.js'
import { DEADLINE } from './until.js'

export interface ServiceCaller {
  /** @returns the reply */
  subscribe (service: string, data?: unknown): Promise<Message>
  publish (service: string, data: unknown): Promise<Message>
  unsubscribe (service: string, data?: unknown): Promise<Message>
  /** Takes the first message that came on a channel and that a predicate likes; those before it are dropped. */
  hear (channel: string, wanted?: (message: Message) => unknown): Promise<Message>
}

type Test = { after: (fn: () => unknown) => unknown }

/** @param url of the gateway: `http://…` */
export async function startCaller (t: Test, url: string, transport: 'websocket' | 'long-polling'): Promise<ServiceCaller> {
  return transport === 'websocket' ? overWebSocket(t, url) : overLongPolling(url)
}

function requestsOf (ask: (message: Record<string, unknown>) => Promise<Message>): Omit<ServiceCaller, 'hear'> {
  return {
    subscribe: (service, data) => ask({ channel: '/meta/subscribe', subscription: `/service/${service}`, ...(data !== undefined && { data }) }),
    publish: (service, data) => ask({ channel: `/service/${service}`, data }),
    unsubscribe: (service, data) => ask({ channel: '/meta/unsubscribe', subscription: `/service/${service}`, ...(data !== undefined && { data }) })
  }
}

async function overWebSocket (t: Test, url: string): Promise<ServiceCaller> {
  const client = await SocketClient.connect(t, url.replace('http', 'ws'))
  const { clientId } = client
  const hear: ServiceCaller['hear'] = async (channel, wanted = () => true) => {
    for (;;) {
      const message = await client.next(({ channel: its, data, id }) => its === channel && (data !== undefined || id === undefined))
      if (wanted(message)) return message
    }
  }
  return { ...requestsOf(message => client.ask({ clientId, ...message })), hear }
}

async function overLongPolling (url: string): Promise<ServiceCaller> {
  const client = await new PollClient(url).start()
  let waiting: Message[] = []
  const hear: ServiceCaller['hear'] = async (channel, wanted = () => true) => {
    const end = Date.now() + DEADLINE
    for (;;) {
      for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
        if (message.channel === channel && wanted(message)) return message
      }
      if (Date.now() > end) throw new Error(`never heard on ${channel}`)
      waiting = await client.connect({ timeout: 1000 })
    }
  }
  return { ...requestsOf(message => client.ask(message)), hear }
}
