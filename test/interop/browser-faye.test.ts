/** The client `faye` of npm, its build for browsers, unmodified, in chromium. */
import t from 'tap'
import { everyCase } from '../harness/browser-cases.js'
import { inChromium } from '../harness/chromium.js'

t.setTimeout(120_000)

inChromium(t, 'Faye in chromium', async (t, browser) => {
  everyCase(t, { browser, name: 'faye', subscribesWithData: false })
})
