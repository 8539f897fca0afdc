/** The way to the gateway: its own client, and `/service/monitor`. */
import { RealtimeClient } from '../../client/index.ts'

/** Where the gateway is: this file is served below its path. */
export const gateway = new URL('.', import.meta.url).href.replace(/\/$/, '')

export class Connection {
  client = null
  #parts
  #service = null
  #look = null

  /**
   * @param parts `onView(view)`, `onChange()`, `onRefused(error)`; `authenticate(challenges)`, asked where the gateway wants to know who it is
   */
  constructor (parts) {
    this.#parts = parts
  }

  /** Connects, anew where it was connected. */
  open (credentials) {
    const { onView, onChange, onRefused, authenticate } = this.#parts
    const former = this.client
    // Its timers are the page's: a worker would need more than this page's Content-Security-Policy allows.
    const client = this.client = new RealtimeClient(gateway, { worker: false, authenticate, backOff: { max: 10_000 }, ...(credentials !== undefined && { credentials }) })
    const service = this.#service = client.service('monitor')
    former?.close()
    client.on('connection', () => client === this.client && onChange())
    service.on('data', view => client === this.client && onView(view))
    service.on('state', (state, reason, error) => {
      if (client !== this.client) return
      // A new session looks at what the one before looked at.
      if (state === 'connected') this.#send(this.#look)
      if (reason === 'refused') onRefused(error)
      onChange()
    })
    client.connect().catch(() => {})
    onChange()
  }

  /** Asks to see something else. */
  look (look) {
    this.#look = look
    if (this.#service.state === 'connected') this.#send(look)
  }

  /** Ends a session. @throws where the gateway refuses */
  end (number) {
    return this.#service.send({ end: number })
  }

  // What does not arrive is asked again with the next connection.
  #send (look) {
    if (look !== null) this.#service.send(look).catch(() => {})
  }
}
