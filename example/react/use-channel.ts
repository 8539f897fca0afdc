/** Two hooks: what is said on a channel, and how the client is connected. */
import { useEffect, useState, useSyncExternalStore } from 'react'
import type { Connection, RealtimeClient } from 'fastify-bayeux/client'

/**
 * The last events of a channel, oldest first. The component subscribes while it is there.
 * @param keep how many
 */
export function useChannel<Data> (client: RealtimeClient, channel: string, keep: number = 50): readonly Data[] {
  const [events, setEvents] = useState<readonly Data[]>([])
  useEffect(() => {
    const subscription = client.subscribe(channel, ({ data }) => setEvents(before => [...before, data].slice(-keep)))
    return () => subscription.close()
  }, [client, channel, keep])
  return events
}

/** The state of the connection, as `client.connection` has it. */
export function useConnection (client: RealtimeClient): Connection {
  return useSyncExternalStore(listener => client.on('connection', listener), () => client.connection)
}
