/** The examples as a reader has them: each in a process of its own, over the wire: GET, POST and upgrade. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import WebSocket from 'ws'
import { SocketClient, type Message } from './socket-client.js'
import { within } from './until.js'

export const folder = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

export type Headers = Record<string, string>

export interface Example {
  readonly origin: string
  readonly url: string
  readonly wsUrl: string
  readonly pid: number
  /** Its first line, which has the origin. */
  readonly said: string
  /** What Ctrl-C does; the example is to end by itself then. @returns its exit code */
  quit (): Promise<number | null>
}

/** Runs an example on a free port and finds its URL in what it says; it is killed when the test ends. */
export async function run (t: Test, name: string, env: Headers = {}, args: readonly string[] = []): Promise<Example> {
  const child = spawn(process.execPath, [folder(`dist/example/${name}.js`), ...args], { env: { ...process.env, ...env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] })
  let quitting = false
  const quit = async () => {
    quitting = true
    child.kill('SIGINT')
    const [code] = await within(once(child, 'exit'), `${name} ends`)
    return code as number | null
  }
  t.after(async () => {
    if (quitting && child.exitCode !== null) return
    if (child.exitCode !== null || child.signalCode !== null) return t.fail(`${name} ended by itself`)
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const lines = createInterface({ input: child.stdout })
  const [said] = await within(Promise.race([once(lines, 'line'), once(child, 'exit').then(() => { throw new Error(`${name} ended before it was ready`) })]), `${name} is ready`)
  const { origin } = new URL(/http:\S+/.exec(said)?.[0] as string)
  return { origin, url: `${origin}/realtime`, wsUrl: `${origin.replace('http', 'ws')}/realtime`, pid: child.pid as number, said, quit }
}

/** One browser: its cookies, its headers, its requests. */
export class Visitor {
  readonly #example: Example
  readonly #headers: Headers
  readonly #cookies: Map<string, string>

  constructor (example: Example, headers: Headers = {}, cookies: Iterable<[string, string]> = []) {
    this.#example = example
    this.#headers = headers
    this.#cookies = new Map(cookies)
  }

  /** Another with the same cookies, or who stole them; what becomes of the jar of one is unknown to the other. */
  copy (headers: Headers = this.#headers): Visitor {
    return new Visitor(this.#example, headers, this.#cookies)
  }

  get headers (): Headers {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return { ...this.#headers, ...(cookie !== '' && { cookie }) }
  }

  async fetch (path: string, method: string = 'GET', body?: unknown): Promise<Response> {
    const json: Headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(this.#example.origin + path, { method, headers: { ...this.headers, ...json }, ...(body !== undefined && { body: JSON.stringify(body) }) })
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = (line.split(';')[0] as string).split('=') as [string, string]
      this.#cookies.set(name, value)
    }
    return response
  }

  /** Posts a message to the gateway. @returns its reply, the last of the answer */
  async ask (message: Record<string, unknown>): Promise<Message> {
    const response = await this.fetch('/realtime', 'POST', [message])
    if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`)
    return (await response.json() as Message[]).at(-1)
  }

  socket (t: Test): Promise<SocketClient> {
    return SocketClient.open(t, this.#example.wsUrl, { headers: this.headers })
  }
}

export const shake = (ext?: Record<string, unknown>) => ({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket', 'long-polling'], ...(ext !== undefined && { ext }) })
export const connect = (clientId: string, connectionType: string, more: object = { advice: { timeout: 0 } }) => ({ channel: '/meta/connect', clientId, connectionType, ...more })
export const held = (clientId: string, connectionType: string) => connect(clientId, connectionType, {})
export const subscribe = (clientId: string, subscription: string) => ({ channel: '/meta/subscribe', clientId, subscription })

/** A session that has subscribed to a service. */
export interface Viewer {
  readonly client: SocketClient
  readonly reply: Message
  /** Data of the next event of the service. */
  hear (): Promise<Message>
  publish (data: unknown): Promise<Message>
  leave (): Promise<Message>
}

/** Subscribes to a service of an example, over a WebSocket. */
export async function view (t: Test, example: Example, service: string): Promise<Viewer> {
  const client = await SocketClient.connect(t, example.wsUrl)
  const { clientId } = client
  const channel = `/service/${service}`
  const reply = await client.ask(subscribe(clientId, channel))
  const isEvent = (message: Message) => message.channel === channel && 'data' in message
  return {
    client,
    reply,
    hear: async () => (await client.next(isEvent)).data,
    publish: data => client.ask({ channel, clientId, data }),
    leave: () => client.ask({ channel: '/meta/unsubscribe', clientId, subscription: channel })
  }
}

/** @returns status and headers of the answer to an upgrade that is refused */
export async function refusedUpgrade (url: string, headers: Headers = {}): Promise<{ status: number | undefined, headers: Record<string, unknown> }> {
  const ws = new WebSocket(url, { headers })
  ws.on('error', () => {})
  const answered = once(ws, 'unexpected-response').then(([, response]) => ({ status: response.statusCode, headers: response.headers }))
  const opened = once(ws, 'open').then(() => { throw new Error('the upgrade went through') })
  try {
    return await within(Promise.race([answered, opened]), 'an answer to the upgrade')
  } finally {
    ws.terminate()
  }
}
