/** Debian's chromium, without a window: one browser for a file of tests, one context for each case. */
import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { DEADLINE } from './until.js'

const PROGRAM = '/usr/bin/chromium'
const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

const missing = existsSync(PROGRAM) ? false : `${PROGRAM} is missing: apt-get install chromium`

/** Runs tests with a browser. Where there is none they are skipped, but with `CI` in the environment they fail. */
export function inChromium (t: Test, name: string, tests: (t: Test, browser: Browser) => Promise<void>): void {
  t.test(name, { skip: process.env.CI ? false : missing }, async t => {
    if (missing !== false) throw new Error(missing)
    const browser = await chromium.launch({ executablePath: PROGRAM, args: ARGUMENTS })
    t.after(() => browser.close())
    await tests(t, browser)
  })
}

/**
 * Opens a page in a context of its own, which ends with the test. What the page throws and nobody catches fails the test.
 * @param before called with the page while it is still empty
 */
export async function openPage (t: Test, browser: Browser, url: string, before: (page: Page) => unknown = () => {}): Promise<Page> {
  const context = await browser.newContext()
  t.after(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(DEADLINE)
  page.on('pageerror', error => t.fail(`the page failed: ${error.message}`))
  await before(page)
  await page.goto(url)
  return page
}
