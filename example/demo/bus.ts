/** The bus of a demo in several processes: each has one connection to NATS, for what it says and for what is kept. */
import { connect } from '@nats-io/transport-node'
import type { FastifyInstance } from 'fastify'
import type { RealtimeOptions } from 'fastify-bayeux'
import { nats, natsHistory } from 'fastify-bayeux/nats'

/**
 * Connects; the connection ends after the server's gateway.
 * @param url of a nats-server with JetStream
 */
export async function joinBus (app: FastifyInstance, url: string): Promise<Pick<RealtimeOptions, 'backplane' | 'history'>> {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1 })
    .catch((error: Error) => { throw new Error(`no NATS at ${url}: ${error.message}`) })
  app.addHook('onClose', () => connection.close())
  return { backplane: nats({ connection }), history: natsHistory({ connection }) }
}
