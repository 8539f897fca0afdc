/** A client that lives in a page: CometD's or Faye's, both in the same words (`pages/`). */
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { openPage } from './chromium.js'
import type { ClientName } from './client-pages.js'
import { within } from './until.js'

export type TransportName = 'websocket' | 'long-polling'
export const transports: readonly TransportName[] = ['websocket', 'long-polling']

/** A message as it came to the client. */
export interface Came {
  readonly channel: string
  readonly successful?: boolean
  readonly subscription?: string
  readonly data?: unknown
  readonly error?: string
  readonly ext?: Record<string, any>
}

export class PageClient {
  readonly page: Page

  private constructor (page: Page) {
    this.page = page
  }

  /**
   * Opens the page of a client and waits until it has shaken hands.
   * @param asked of the page, as its address has it; with no transport it chooses for itself, and prefers WebSocket
   */
  static async open (t: Test, browser: Browser, origin: string, name: ClientName, asked: Record<string, string> = {}): Promise<PageClient> {
    const page = await openPage(t, browser, `${origin}/${name}?${new URLSearchParams(asked)}`)
    const client = new PageClient(page)
    await client.shaken()
    return client
  }

  /** Waits for a successful handshake. @returns the id that the client goes by */
  async shaken (count: number = 1): Promise<string> {
    await this.granted('/meta/handshake', undefined, count)
    return await this.#ask<string>('clientId')
  }

  /** Resolves when it is granted, and rejects where it is refused. */
  subscribe (channel: string, data?: unknown): Promise<void> {
    return this.#ask('subscribe', channel, data)
  }

  publish (channel: string, data: unknown): Promise<void> {
    return this.#ask('publish', channel, data)
  }

  /** @param count how many unsubscriptions from it came by then, unasked ones included */
  async unsubscribe (channel: string, count: number = 1): Promise<void> {
    await this.#ask('unsubscribe', channel)
    await this.granted('/meta/unsubscribe', channel, count)
  }

  disconnect (): Promise<void> {
    return this.#ask('disconnect')
  }

  /** The transport that the client believes to use. */
  transport (): Promise<string> {
    return this.#ask('transport')
  }

  /** What a subscription heard. */
  heard (channel: string): Promise<unknown[]> {
    return this.page.evaluate<unknown[]>(`speaker.heard[${JSON.stringify(channel)}]`)
  }

  /** Waits until a subscription heard something. */
  async hears (channel: string, data: unknown): Promise<void> {
    await this.#until(`speaker.heard[${JSON.stringify(channel)}]?.includes(${JSON.stringify(data)})`, `${data} on ${channel}`)
  }

  /** Everything that came. */
  came (): Promise<Came[]> {
    return this.page.evaluate<Came[]>('speaker.came')
  }

  /** Events that came, in the client's own hands before it looks for listeners: each should be here once. */
  async events (): Promise<string[]> {
    return (await this.came()).filter(({ data }) => data !== undefined).map(({ channel, data }) => `${channel} ${data}`)
  }

  /** Waits until something was granted so many times: handshakes, connects, or subscriptions to a channel. */
  async granted (channel: string, subscription?: string, count: number = 1): Promise<void> {
    const wanted = JSON.stringify({ channel, subscription, successful: true })
    const fits = `reply => Object.entries(${wanted}).every(([name, value]) => reply[name] === value)`
    await this.#until(`window.speaker?.came.filter(${fits}).length >= ${count}`, `${count} times ${channel} ${subscription ?? ''}`)
  }

  // The page looks by itself, for each question from here costs both sides.
  async #until (expression: string, what: string): Promise<void> {
    await this.page.waitForFunction(expression, undefined, { polling: 10 }).catch(error => { throw new Error(`never came true: ${what}`, { cause: error }) })
  }

  #ask<T = void> (verb: string, ...parameters: unknown[]): Promise<T> {
    const list = parameters.filter(parameter => parameter !== undefined).map(parameter => JSON.stringify(parameter))
    return within(this.page.evaluate<T>(`speaker.${verb}(${list.join(', ')})`), `${verb} ${list}`)
  }
}
