/** The client of the page: one at a time, and another one for another choice of transports. */
import { RealtimeClient } from '/realtime/client.js'
import { reload } from '/realtime/client.reload.js'
import { recall, remember } from './memory.js'

const TRANSPORTS = {
  both: ['websocket', 'long-polling'],
  websocket: ['websocket'],
  'long-polling': ['long-polling']
}

export class Connection {
  client = null
  choice = recall('transport', 'both')
  #network
  #extensions
  #listeners = []

  /**
   * @param network whose `WebSocket` and `fetch` carry it
   * @param extensions of every client
   */
  constructor (network, extensions) {
    this.#network = network
    this.#extensions = extensions
  }

  get connected () {
    return this.client?.connection.state === 'connected'
  }

  /** Told of each new client before it connects: who wants something of it says so then. */
  onClient (listener) {
    this.#listeners.push(listener)
  }

  /** Connects, with a client that knows the chosen transports only. The one before says goodbye. */
  open (choice = this.choice) {
    const former = this.client
    this.choice = choice
    remember('transport', choice)
    const client = this.client = new RealtimeClient('/realtime', {
      transports: TRANSPORTS[choice],
      ack: true,
      backOff: { initial: 1000, max: 10_000 },
      extensions: [reload(), ...this.#extensions],
      WebSocket: this.#network.WebSocket,
      fetch: this.#network.fetch
    })
    for (const listener of this.#listeners) listener(client)
    former?.close()
    // Whether it succeeds is told as the state of its connection.
    client.connect().catch(() => {})
  }
}
