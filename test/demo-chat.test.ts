/** The chat of the demo as its visitors have it: what was said before, and who is there, over either transport. */
import t from 'tap'
import { inChromium } from './harness/chromium.js'
import { DemoPage } from './harness/demo-page.js'
import { startDemo } from './harness/demo.js'
import { until } from './harness/until.js'

t.setTimeout(400_000)

inChromium(t, 'the chat', async (t, browser) => {
  const demo = await startDemo(t)

  t.test('carries a chat between two tabs, and says who wrote', async t => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    const [one, two] = [await DemoPage.open(t, context, demo.url), await DemoPage.open(t, context, demo.url)]
    for (const page of [one, two]) await page.connectedOver('websocket')
    await one.isCalled('Ada')
    await two.isCalled('Grace')
    await one.says('Is anybody there?')
    await two.shows('#chat-lines li[data-mine="false"]', /^Ada.*Is anybody there\?$/)
    await two.says('<b>In the other tab</b>')
    await one.shows('#chat-lines li[data-mine="false"]', /^Grace.*<b>In the other tab<\/b>$/)
    await one.shows('#chat-lines li[data-mine="true"]', /^Ada \(you\).*Is anybody there\?$/)
    // The page does not let anybody write at length, and neither does the server.
    await one.find('#chat-text').fill('x'.repeat(300))
    t.equal((await one.find('#chat-text').inputValue()).length, 280)
    await one.page.evaluate("document.getElementById('chat-text').removeAttribute('maxlength')")
    await one.says('x'.repeat(281))
    await one.shows('#chat-status', 'Not sent: 400:/chat/demo')
    await one.says('x'.repeat(280))
    await two.shows('#chat-lines li', 'x'.repeat(280))
    t.same(await two.said(), ['Is anybody there?', '<b>In the other tab</b>', 'x'.repeat(280)])
  })

  for (const transport of ['websocket', 'long-polling'] as const) {
    t.test(`shows what was said before, each once and in order, over ${transport}`, async t => {
      const { url } = await startDemo(t)
      const [ada, grace] = [await DemoPage.open(t, browser, url), await DemoPage.open(t, browser, url)]
      const said: string[] = []
      const says = async (page: DemoPage, text: string) => {
        await page.says(text)
        said.push(text)
        await page.shows('#chat-lines li', text)
      }
      const bothShow = async (text: string) => {
        await says(grace, text)
        await ada.shows('#chat-lines li', text)
        for (const page of [ada, grace]) t.same(await page.said(), said, text)
      }
      for (const page of [ada, grace]) await page.choose(transport)
      for (const page of [ada, grace]) await page.connectedOver(transport)
      await ada.isCalled('Ada')
      await says(ada, 'one')
      await bothShow('before')

      await ada.page.goto('about:blank')
      await says(grace, 'while the page was away')
      await ada.page.goto(url)
      await ada.connectedOver(transport)
      await bothShow('after it was loaded again')
      await says(grace, 'and again, at once')
      await ada.page.reload()
      await bothShow('once more')
      t.match(await ada.find('#chat-lines b').first().textContent(), 'Ada (you)')

      await ada.find('#cut').click()
      await says(grace, 'while the network was cut')
      await ada.shows('#countdown', 'Next attempt')
      await ada.says('in the dark')
      await ada.shows('#chat-status', '1 waits for the connection')
      await says(grace, 'still cut')
      await ada.mend()
      await grace.shows('#chat-lines li', 'in the dark')
      said.push('in the dark')
      await bothShow('mended')
      await ada.choose(transport === 'websocket' ? 'long-polling' : 'websocket')
      await bothShow('over another transport, in another session')

      const late = await DemoPage.open(t, browser, url)
      await until(async () => (await late.said()).length >= said.length, 'a new visitor reads all')
      t.same(await late.said(), said)
    })

    t.test(`shows who is there, once however many tabs they have, over ${transport}`, async t => {
      const { url } = await startDemo(t)
      const context = await browser.newContext()
      t.teardown(() => context.close())
      const [ada, grace] = [await DemoPage.open(t, context, url), await DemoPage.open(t, browser, url)]
      for (const [page, name] of [[ada, 'Ada'], [grace, 'Grace']] as const) {
        await page.choose(transport)
        await page.connectedOver(transport)
        await page.isCalled(name)
      }
      await ada.present('Ada you', 'Grace')
      await grace.present('Grace you', 'Ada')
      await grace.shows('#chat-count', '2 here')

      const second = await DemoPage.open(t, context, url)
      await second.choose(transport)
      await second.present('Ada you, 2 tabs', 'Grace')
      await grace.present('Grace you', 'Ada 2 tabs')
      await second.close()
      await grace.present('Grace you', 'Ada')
      await ada.page.reload()
      await ada.connectedOver(transport)
      await ada.present('Ada you', 'Grace')
      t.notOk((await grace.news()).includes('Ada has left'), 'neither with a tab nor while the page was loaded again')

      await ada.isCalled('Lovelace')
      await grace.present('Grace you', 'Lovelace')
      // A name that is chosen without a connection is told when there is one again.
      await ada.find('#cut').click()
      await ada.shows('#countdown', 'Next attempt')
      await ada.isCalled('Augusta')
      await ada.mend()
      await grace.present('Grace you', 'Augusta')
      await ada.present('Augusta you', 'Grace')
      await ada.close()
      await grace.present('Grace you')
      await grace.shows('#chat-lines .news', 'Augusta has left')
    })
  }

  t.test('shows long names and words in their place, and why it is not known who is there', async t => {
    const page = await DemoPage.open(t, browser, demo.url)
    await page.page.setViewportSize({ width: 360, height: 800 })
    await page.choose('long-polling')
    await page.connectedOver('long-polling')
    await page.isCalled('W'.repeat(32))
    await page.says('W'.repeat(280))
    await page.shows('#chat-lines li', 'W'.repeat(280))
    await page.shows('#chat-people li', 'W'.repeat(32))
    t.equal(await page.page.evaluate('document.documentElement.scrollWidth'), 360, 'nothing is wider than the page')
    await page.refuse(({ subscription }) => subscription === '/service/presence/chat/demo', { error: '403:/service/presence/chat/demo:Subscription denied' })
    await page.choose('both')
    await page.choose('long-polling')
    await until(async () => (await page.find('#chat-people').getAttribute('data-why'))?.includes('403:/service/presence'), 'it says why')
  })
})
