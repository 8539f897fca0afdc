/** Clients of all makes, as something that hears: unmodified `cometd` and `faye` of npm, and the client of this package. */
import { AckExtension } from 'cometd'
import type { Test } from 'tap'
import { handshaken, makeCometd, subscribe, type CometD, type Message, type TransportName } from './cometd-client.js'
import { settled, speak } from './faye-client.js'
import { makeClient } from './realtime-client.js'
import { until, within } from './until.js'

export interface Heard {
  readonly channel: string
  readonly data: any
}

export interface Ear {
  readonly name: string
  /** What came, in its order. */
  readonly heard: Heard[]
  subscribe (channel: string): Promise<void>
  publish (channel: string, data: unknown): Promise<void>
  /** The clientId of its session, if that can be told. */
  clientId (): string | null
}

export interface CometdEar extends Ear {
  readonly client: CometD
}

/** `cometd`, over one transport; it subscribes again by itself after each handshake, as applications make it. */
export async function cometdEar (t: Test, url: string, transport: TransportName, { ack = false, prepare = () => {} }: { ack?: boolean, prepare?: (client: CometD) => void } = {}): Promise<CometdEar> {
  const client = makeCometd(t, url, { transport, maxNetworkDelay: 15_000 })
  if (ack) client.registerExtension('ack', new AckExtension())
  prepare(client)
  const heard: Heard[] = []
  const channels: string[] = []
  const listen = ({ channel = '', data }: Message) => heard.push({ channel, data })
  client.addListener('/meta/handshake', reply => {
    if (reply.successful === true) client.batch(() => channels.forEach(channel => client.subscribe(channel, listen)))
  })
  await handshaken(client)
  return {
    name: `cometd over ${transport}${ack ? ' with ack' : ''}`,
    client,
    heard,
    subscribe: async channel => {
      channels.push(channel)
      const { reply } = await subscribe(client, channel, listen)
      if (reply.successful !== true) throw new Error(`${channel}: ${reply.error}`)
    },
    publish: (channel, data) => new Promise((resolve, reject) => client.publish(channel, data, reply => {
      if (reply.successful === true) resolve()
      else reject(new Error(`${channel}: ${reply.error}`))
    })),
    clientId: () => client.getClientId()
  }
}

/** `faye`, over one transport. */
export async function fayeEar (t: Test, url: string, transport: TransportName): Promise<Ear> {
  const { client } = speak(t, url, transport)
  const heard: Heard[] = []
  let clientId: string | null = null
  client.addExtension({
    incoming: (message, pass) => {
      if (message.channel === '/meta/handshake' && message.successful === true) clientId = message.clientId ?? null
      if (message.data !== undefined && message.successful === undefined) heard.push({ channel: message.channel, data: message.data })
      pass(message)
    }
  })
  return {
    name: `faye over ${transport}`,
    heard,
    subscribe: channel => settled(client.subscribe(channel, () => {}), `subscribed to ${channel}`),
    publish: (channel, data) => Promise.resolve(client.publish(channel, data)),
    clientId: () => clientId
  }
}

/** The client of this package, over one transport. @param replay what it asks for of channels with a history */
export async function ownEar (t: Test, url: string, transport: TransportName, { ack = false, replay }: { ack?: boolean, replay?: number } = {}): Promise<Ear> {
  const client = makeClient(t, url, { transport, ack })
  const heard: Heard[] = []
  await within(client.connect(), 'connected')
  return {
    name: `own over ${transport}${ack ? ' with ack' : ''}`,
    heard,
    subscribe: channel => within(client.subscribe(channel, event => heard.push({ channel: event.channel, data: event.data }), replay === undefined || channel.endsWith('*') ? {} : { replay }).ready, `subscribed to ${channel}`),
    publish: (channel, data) => client.publish(channel, data),
    clientId: () => client.clientId
  }
}

/** Says how what an ear heard differs from what every publisher has published there; null where each came once, in order. */
export function wrongWith (heard: readonly Heard[], wanted: ReadonlyMap<string, number>): string | null {
  const next = new Map<string, number>()
  for (const { channel, data: { by, n } } of heard) {
    const key = `${channel} ${by}`
    const expected = next.get(key) ?? 0
    if (n !== expected) return `${key}: ${n} came, not ${expected}`
    next.set(key, n + 1)
  }
  for (const [key, count] of wanted) if (next.get(key) !== count) return `${key}: ${next.get(key) ?? 0} of ${count} came`
  return next.size === wanted.size ? null : `${[...next.keys()].join()}: more than was asked for`
}

/** Waits until an ear has heard so much. */
export function hears ({ name, heard }: Ear, count: number): Promise<void> {
  return until(() => heard.length >= count, `${name} hears ${count}`)
}
