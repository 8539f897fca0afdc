/** A client that polls by hand, with a cookie jar of its own that can be switched off. */
import type { Message } from './socket-client.js'

export class PollClient {
  readonly url: string
  cookie: string | null = null
  clientId = ''
  readonly #jar: boolean

  constructor (url: string, jar: boolean = true) {
    this.url = url
    this.#jar = jar
  }

  /** Posts anything. */
  async post (body: unknown, headers: Record<string, string> = {}, path: string = ''): Promise<Response> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.cookie !== null && { cookie: this.cookie }),
        ...headers
      },
      body: typeof body === 'string' ? body : JSON.stringify(body)
    })
    const cookie = response.headers.getSetCookie()[0]
    if (this.#jar && cookie !== undefined) this.cookie = cookie.split(';')[0] as string
    return response
  }

  /** Posts messages and reads the answers. */
  async send (...messages: Record<string, unknown>[]): Promise<Message[]> {
    const response = await this.post(messages)
    if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`)
    return await response.json() as Message[]
  }

  /** Posts one message of the session and takes its reply. */
  async ask (message: Record<string, unknown>): Promise<Message> {
    const replies = await this.send({ clientId: this.clientId, ...message })
    return replies.at(-1)
  }

  async handshake (): Promise<Message> {
    const [reply] = await this.send({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] })
    this.clientId = reply.clientId
    return reply
  }

  /** One poll: the events that came, and the connect reply last. */
  async connect (advice?: Record<string, unknown>): Promise<Message[]> {
    return this.send({ channel: '/meta/connect', clientId: this.clientId, connectionType: 'long-polling', ...(advice !== undefined && { advice }) })
  }

  /** Handshake and a first connect that is not held. */
  async start (): Promise<this> {
    await this.handshake()
    await this.connect({ timeout: 0 })
    return this
  }
}
