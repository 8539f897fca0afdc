/** The client of this package in Node, over either transport. */
import WebSocket from 'ws'
import { RealtimeClient, type ClientOptions, type Connection, type TransportName } from '../../lib/client/index.js'
import { until } from './until.js'

export const transports: readonly TransportName[] = ['websocket', 'long-polling']

/** Options that a test wants: quick attempts, and `ws`, for Node 20 has no WebSocket. */
export const quick = {
  WebSocket: WebSocket as unknown as NonNullable<ClientOptions['WebSocket']>,
  backOff: { initial: 20, max: 200 }
} satisfies ClientOptions

type Test = { after: (fn: () => unknown) => unknown }

/** Makes a client that is closed at the end of the test. */
export function makeClient (t: Test, url: string, options: ClientOptions & { transport?: TransportName } = {}): RealtimeClient {
  const { transport, ...others } = options
  const client = new RealtimeClient(url, { ...quick, ...(transport !== undefined && { transports: [transport] }), ...others })
  t.after(() => client.close())
  return client
}

/** Waits until a client is in a state. */
export async function inState<State extends Connection['state']> (client: RealtimeClient, state: State): Promise<Extract<Connection, { state: State }>> {
  await until(() => client.connection.state === state, `the client is ${state}`)
  return client.connection as Extract<Connection, { state: State }>
}

/** The states that a client goes through, from now on. */
export function statesOf (client: RealtimeClient): string[] {
  const states: string[] = []
  client.on('connection', ({ state }) => states.push(state))
  return states
}
