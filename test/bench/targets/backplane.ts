import type { Backplane } from '../../../types/index.js'
import type { Settings } from './target.js'

/** A backplane on a bus of this machine, as the README has it. The driver is loaded where it is needed: others do not carry its heap. */
export async function backplaneOn ({ kind, port }: NonNullable<Settings['bus']>): Promise<Backplane> {
  if (kind === 'nats') {
    const [{ connect }, { nats }] = await Promise.all([import('@nats-io/transport-node'), import('../../../lib/nats.js')])
    return nats({ connection: await connect({ servers: `nats://127.0.0.1:${port}`, maxReconnectAttempts: -1 }) })
  }
  const [{ createClient }, { redis }] = await Promise.all([import('redis'), import('../../../lib/redis.js')])
  return redis({ client: createClient({ url: `redis://127.0.0.1:${port}` }) })
}
