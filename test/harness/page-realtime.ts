/** The client of this package in a page, as the plugin serves it; driven from here by expressions. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import { DEADLINE, until, within } from './until.js'

/** What a page may be told to do, with `client` in scope. */
export class RealtimePage {
  readonly page: Page
  readonly context: BrowserContext

  private constructor (page: Page) {
    this.page = page
    this.context = page.context()
  }

  /**
   * Opens a page of a gateway, in a context of its own unless one is given, and makes a client there: `heard` keeps
   * the data of `/news`, `states` what it went through.
   * @param options an expression, for the constructor
   * @param url of the page; the gateway's own answer to a GET will do for one
   */
  static async open (t: Test, browser: Browser | BrowserContext, url: string, options: string = '{}', gateway: string = url): Promise<RealtimePage> {
    const context = 'newContext' in browser ? await browser.newContext() : browser
    if (context !== browser) t.after(() => context.close())
    const page = await context.newPage()
    page.setDefaultTimeout(DEADLINE)
    page.on('pageerror', error => t.fail(`the page failed: ${error.message}`))
    await page.goto(url)
    const opened = new RealtimePage(page)
    await opened.load(options, gateway)
    return opened
  }

  /** Makes the client; again after the page was loaded again. @param first what it is to do before it can connect */
  async load (options: string = '{}', gateway: string = this.page.url(), first: string = ''): Promise<void> {
    await this.run(`(async () => {
      window.bayeux = await import('${gateway}/client.js')
      const quick = { backOff: { initial: 20, max: 200 } }
      window.client = new bayeux.RealtimeClient('${gateway}', { ...quick, ...await (async () => (${options}))() })
      window.heard = []
      window.states = []
      client.on('connection', ({ state, transport = '' }) => states.push((state + ' ' + transport).trim()))
      window.news = client.subscribe('/news', ({ data }) => heard.push(data))
      ${first}
    })()`)
  }

  /** Evaluates an expression, and waits for what it promises. */
  run<Result = unknown> (expression: string): Promise<Result> {
    return within(this.page.evaluate<Result>(expression), expression)
  }

  /** Waits until an expression is true in the page. */
  async sees (expression: string): Promise<void> {
    await this.page.waitForFunction(expression, undefined, { polling: 10 }).catch(async error => {
      const now = await this.page.evaluate('JSON.stringify([client.connection, String(client.connection.reason), states, heard])').catch(String)
      throw new Error(`never came true: ${expression}; now ${now}`, { cause: error })
    })
  }

  async connected (transport?: string): Promise<void> {
    await this.sees(`client.connection.state === 'connected'${transport === undefined ? '' : ` && client.connection.transport === '${transport}'`}`)
    await this.run('news.ready')
  }

  /** Waits until the subscription to `/news` heard exactly this. */
  async hears (...data: unknown[]): Promise<void> {
    await until(async () => JSON.stringify(await this.run('heard')) === JSON.stringify(data), `heard ${JSON.stringify(data)}`)
  }
}
