/** The demo on several workers: which there are, and pages that are on one or another. */
import type { Browser, BrowserContext } from 'playwright-core'
import { delimiter, dirname } from 'node:path'
import type { Test } from 'tap'
import { DemoPage } from './demo-page.js'
import { startDemo, type Demo, type DemoSettings } from './demo.js'
import { accepts } from './installed-server.js'

export interface DemoWorkers extends Demo {
  /** What it has written. */
  readonly lines: readonly string[]
  /** The process of a worker, by what a page calls it: `to worker 2`. */
  pidOf (worker: string): number
}

/** An environment in whose PATH a program is, wherever it was found. */
export function withPathTo (program: string): NodeJS.ProcessEnv {
  return { PATH: [dirname(program), process.env.PATH].join(delimiter) }
}

/** Starts the demo on two workers, with a nats-server of its own. */
export async function startDemoWorkers (t: Test, program: string, { args = ['--workers', '2'], ...settings }: DemoSettings = {}): Promise<DemoWorkers> {
  const lines: string[] = []
  const demo = await startDemo(t, { args, env: withPathTo(program), onLine: line => lines.push(line), end: 'SIGTERM', ...settings })
  const pidOf = (worker: string) => {
    const said = lines.map(line => /(worker \d+) is process (\d+)$/.exec(line)).find(match => match?.[1] === worker.replace('to ', ''))
    return Number(said?.[2])
  }
  return { ...demo, lines, pidOf }
}

/** Which worker a page is on. */
export async function workerOf (page: DemoPage): Promise<string> {
  await page.shows('#worker', /^to worker \d+$/)
  return await page.find('#worker').innerText()
}

/** Opens the page on another worker than the one of a page that is there. */
export async function openElsewhere (t: Test, browser: Browser | BrowserContext, url: string, there: DemoPage): Promise<DemoPage> {
  const taken = await workerOf(there)
  for (let attempt = 1; attempt <= 10; attempt++) {
    const page = await DemoPage.open(t, browser, url)
    if (await workerOf(page) !== taken) return page
    await page.close()
    // Connections go to one worker after the other. One more now and then, so that a page that opens an even number of them
    // does not come to the same worker for ever.
    if (attempt % 2 === 0) await accepts(Number(new URL(url).port))
  }
  throw new Error(`every page goes ${taken}`)
}
