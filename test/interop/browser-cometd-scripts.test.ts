/** The client `cometd` of npm, 3.1, 5.0 and 7.0, unmodified, in chromium: up to 7 it is a script. */
import t from 'tap'
import { everyCometdCase } from '../harness/browser-cometd-cases.js'
import { inChromium } from '../harness/chromium.js'

t.setTimeout(240_000)

inChromium(t, 'CometD in chromium, as a script', async (t, browser) => {
  for (const name of ['cometd3', 'cometd5', 'cometd7'] as const) {
    t.test(name, async t => everyCometdCase(t, browser, name))
  }
})
