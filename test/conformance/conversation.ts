/** One gateway, one client and one service: what each check of the suite of connectors begins with. */
import { readdirSync } from 'node:fs'
import type { Test } from 'tap'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { SocketClient, type Message } from '../harness/socket-client.js'
import { until } from '../harness/until.js'
import type { Implementation, Peer } from './peer.js'

/** Open descriptors and running processes of ours. */
export function resources (): { descriptors: number, processes: number } {
  const processes = process.getActiveResourcesInfo().filter(name => name === 'ProcessWrap').length
  return { descriptors: readdirSync('/dev/fd').length, processes }
}

/** Waits until no more is open than before. */
export async function untilBackTo (before: ReturnType<typeof resources>): Promise<void> {
  await until(() => {
    const { descriptors, processes } = resources()
    return descriptors <= before.descriptors && processes <= before.processes
  }, 'descriptors and processes are back to where they were')
}

type Client = SocketClient & { clientId: string }

/** Starts a service `it` with a gateway before it, and a client that has not subscribed yet. */
export async function conversation (t: Test, implementation: Implementation, options: RealtimeOptions = {}) {
  const counterpart = await implementation.start(t)
  const { peers, connectors } = counterpart
  const gateway = await startGateway(t, { services: { it: counterpart.service }, ...(connectors !== undefined && { connectors }), ...options })
  const client = await SocketClient.connect(t, gateway.wsUrl)
  const before = resources()

  /** Subscribes, greets where that is possible, and gives the other side. */
  async function subscribe (as: Client = client): Promise<Peer> {
    const count = peers.length
    const data = implementation.readOnly === true ? {} : { data: 'hello' }
    t.match(await as.ask({ channel: '/meta/subscribe', clientId: as.clientId, subscription: '/service/it', ...data }), { successful: true })
    await until(() => peers.length > count, 'the other side')
    return peers[count] as Peer
  }

  const publish = (data: unknown) => client.ask({ channel: '/service/it', clientId: client.clientId, data })
  const unsubscribe = (data?: unknown) => client.ask({ channel: '/meta/unsubscribe', clientId: client.clientId, subscription: '/service/it', data })
  const hear = async (as: Client = client): Promise<unknown> => (await as.next(isEvent)).data
  const hearEnd = async (): Promise<Message> => (await client.next('/meta/unsubscribe')).ext.service

  /** Nobody speaks any more: everything that was opened for it is closed. */
  async function calm (from: ReturnType<typeof resources> = before): Promise<void> {
    await client.ask({ channel: '/meta/disconnect', clientId: client.clientId })
    await until(() => gateway.app.realtime.metrics().serviceConnections === 0, 'no connection to the service is left')
    await untilBackTo(from)
    t.equal(gateway.app.realtime.metrics().links, 0)
  }

  const connect = () => SocketClient.connect(t, gateway.wsUrl)
  return { peers, gateway, client, connect, subscribe, publish, unsubscribe, hear, hearEnd, calm }
}

function isEvent (message: Message): boolean {
  return message.channel === '/service/it' && message.successful === undefined
}
