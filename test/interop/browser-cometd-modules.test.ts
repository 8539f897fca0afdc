/** The client `cometd` of npm, 8.0 and 9.0, unmodified, in chromium: from 8 on it is modules. */
import t from 'tap'
import { everyCometdCase } from '../harness/browser-cometd-cases.js'
import { inChromium } from '../harness/chromium.js'

t.setTimeout(240_000)

inChromium(t, 'CometD in chromium, as modules', async (t, browser) => {
  for (const name of ['cometd8', 'cometd'] as const) {
    t.test(name, async t => everyCometdCase(t, browser, name))
  }
})
