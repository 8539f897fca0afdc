/** The page of the demo in a browser, used as a visitor would: by what it shows, its buttons and its fields. */
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { DEADLINE, until } from './until.js'

export const SERVICES = ['random', 'dmsg', 'monitoring'] as const
export type Transports = 'both' | 'websocket' | 'long-polling'

export class DemoPage {
  readonly page: Page

  private constructor (page: Page) {
    this.page = page
  }

  /** Opens the page, in a context of its own unless one is given. What the page throws and nobody catches fails the test. */
  static async open (t: Test, browser: Browser | BrowserContext, url: string): Promise<DemoPage> {
    const context = 'newContext' in browser ? await browser.newContext() : browser
    const page = await context.newPage()
    t.teardown(() => context === browser ? page.close() : context.close())
    page.setDefaultTimeout(DEADLINE)
    page.on('pageerror', error => t.fail(`the page failed: ${error.message}`))
    await page.goto(url)
    return new DemoPage(page)
  }

  find (selector: string, hasText?: string | RegExp): Locator {
    return this.page.locator(selector, hasText === undefined ? {} : { hasText })
  }

  /** Waits until the page shows an element, with a text. */
  async shows (selector: string, hasText?: string | RegExp): Promise<void> {
    await this.find(selector, hasText).first().waitFor()
  }

  /** Waits until the event log has an entry. */
  async logs (kind: string, text: string | RegExp): Promise<void> {
    await this.shows(`#log li[data-kind="${kind}"]`, text)
  }

  async connectedOver (transport: Exclude<Transports, 'both'>): Promise<void> {
    await this.shows('.state[data-state="connected"] #transport', transport)
  }

  async choose (transports: Transports): Promise<void> {
    await this.find(`input[name="transport"][value="${transports}"]`).check()
  }

  toggle (service: string): Locator {
    return this.find(`[data-service="${service}"] button`)
  }

  async serviceIs (service: string, state: string): Promise<void> {
    await this.shows(`[data-service="${service}"] .badge`, state)
  }

  async openServices (): Promise<void> {
    for (const service of SERVICES) {
      await this.toggle(service).click()
      await this.serviceIs(service, 'live')
    }
  }

  /** What came of the counter, at one moment. */
  async tally (): Promise<Record<'last' | 'received' | 'missing' | 'doubled' | 'swallowed', number>> {
    return await this.page.evaluate(`Object.fromEntries(['last', 'received', 'missing', 'doubled', 'swallowed']
      .map(name => [name, Number(document.getElementById('delivery-' + name).textContent)]))`)
  }

  /**
   * Answers requests of long-polling as if the gateway had refused what is in them.
   * @param refused picks the messages
   * @param reply what the refusals say beside `successful`
   * @returns does so no more
   */
  async refuse (refused: (message: Record<string, unknown>) => boolean, reply: Record<string, unknown>): Promise<() => Promise<void>> {
    const polls = ({ pathname }: URL) => pathname.startsWith('/realtime')
    await this.page.route(polls, async route => {
      const messages: Record<string, unknown>[] = [route.request().postDataJSON() ?? []].flat()
      if (!messages.some(refused)) return await route.fallback()
      await route.fulfill({ json: messages.map(({ id, channel, subscription }) => ({ id, channel, subscription, successful: false, ...reply })) })
    })
    return async () => await this.page.unroute(polls)
  }

  async says (text: string): Promise<void> {
    await this.find('#chat-text').fill(text)
    await this.find('#chat-text').press('Enter')
  }

  async isCalled (name: string): Promise<void> {
    await this.find('#chat-name').fill(name)
    await this.find('#chat-name').press('Tab')
  }

  /** What the chat shows that somebody said, in its order. */
  async said (): Promise<string[]> {
    return await this.find('#chat-lines li[data-mine] > span').allTextContents()
  }

  /** What the chat shows of who came and left, in its order. */
  async news (): Promise<string[]> {
    return await this.find('#chat-lines .news').allTextContents()
  }

  /** Waits until exactly these are shown to be in the chat. */
  async present (...people: string[]): Promise<void> {
    const shown = async () => (await this.find('#chat-people li').allInnerTexts()).map(text => text.replace(/\s+/g, ' '))
    await until(async () => JSON.stringify(await shown()) === JSON.stringify(people), `present: ${people.join('; ')}`)
  }

  /** Closes the tab as a visitor does: the page is told. */
  async close (): Promise<void> {
    const closed = this.page.waitForEvent('close')
    await this.page.close({ runBeforeUnload: true })
    await closed
  }

  /** Mends the network, and waits for no attempt; where the page was faster, that changes nothing. */
  async mend (): Promise<void> {
    await this.find('#cut', 'Mend').click()
    await this.hurry()
  }

  /** Waits for no attempt, where the page waits for one. */
  async hurry (): Promise<void> {
    await this.page.evaluate("document.getElementById('hurry').click()")
  }

  /** Waits until the text of an element is another than it was. */
  async changes (selector: string): Promise<void> {
    const before = await this.find(selector).textContent()
    await until(async () => await this.find(selector).textContent() !== before, `${selector} says something else than ${before}`)
  }

  /** Numbers, log lines and figures arrive, over whatever the page is connected by. */
  async everythingFlows (): Promise<void> {
    for (const service of SERVICES) await this.serviceIs(service, 'live')
    await this.find('#random-interval').fill('50')
    await this.find('#random-start').click()
    await this.changes('#random-count')
    await this.shows('#random-value', /^\d{1,2}$/)
    // Starting numbers is told in the log of the server.
    await this.shows('#dmsg-lines .line', 'random: a number each 50 ms')
    await this.changes('#monitoring-uptime')
    await this.shows('#monitoring-pid', /^\d+$/)
  }
}
