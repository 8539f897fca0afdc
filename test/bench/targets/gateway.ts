import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import realtime from '../../../lib/index.js'
import { eventData } from '../payload.js'
import { backplaneOn } from './backplane.js'
import { channelOptions } from './channel-options.js'
import { CHANNEL, type Start } from './target.js'

/** The gateway as it ships: every bound and check at its default. */
export const start: Start = async ({ backend, heartbeat, bus, channels }) => {
  const app = Fastify()
  const service = { domain: '127.0.0.1', port: backend, framing: 'lines' as const }
  await app.register(realtime, {
    timeout: heartbeat,
    ...(backend > 0 && { services: { line: service } }),
    ...(bus !== undefined && { backplane: await backplaneOn(bus) }),
    ...(channels !== undefined && { channels: channelOptions[channels] })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    port: (app.server.address() as AddressInfo).port,
    publish: number => app.realtime.publish(CHANNEL, eventData(number)),
    metrics: () => app.realtime.metrics()
  }
}
