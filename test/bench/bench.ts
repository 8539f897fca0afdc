/** `npm run bench`: what the gateway costs, beside its peers and beside loops that do nothing else. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { measure } from './measure.js'
import { machine } from './machine.js'
import { asJson } from './report/json.js'
import { printProfile } from './report/profile.js'
import { printGoals, printWork } from './report/terminal.js'
import { writePage } from './report/page.js'
import { workloads } from './workloads/index.js'

const HELP = `npm run bench -- [options]

Measures the CPU of the server's process per unit of work, in a process of its own, with the load in
another. Rounds go through all contenders in turn; medians are shown. A run in which a message was lost,
doubled or out of order has no figures, and the command ends with 1.

  --quick           a tenth of the work, in one round, and not every size of it: about three minutes
  --only NAME,…     only work whose name begins so (see --list)
  --rounds N        rounds, 5 by default
  --json FILE       also writes all figures of all rounds
  --profile DIR     instead of figures, where the CPU goes: one round, a .cpuprofile for each contender
                    (but websockify), and its functions with the most time of their own
  --write           also writes the tables and the chart of docs/performance.md
  --list            names the work, and ends
  --help            this text
`

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
    write: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})

// Sizes that say little beside the others.
const NOT_QUICK = ['relay-70-50', 'relay-1024-1', 'fan-out-100-1', 'fan-out-100-16', 'subscriptions-10000', 'backplane-publish-http', 'backplane-fan-out-1', 'backplane-idle', 'nodes-redis', 'nodes-delivery-redis']

const only = values.only?.split(',')
const picked = workloads.filter(({ name }) => only === undefined ? !(values.quick && NOT_QUICK.includes(name)) : only.some(each => name.startsWith(each)))
const scale = values.quick ? 0.1 : 1
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))

if (values.help) process.stdout.write(HELP)
else if (values.list) for (const { name, title } of workloads) process.stdout.write(`${name.padEnd(30)}${title}\n`)
else if (picked.length === 0 || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(picked.length === 0 ? `No work is called ${values.only}: see --list\n` : '--rounds is a number of 1 or more\n')
  process.exitCode = 2
} else if (values.profile !== undefined) await profile(values.profile)
else await run()

async function run (): Promise<void> {
  const begun = new Date()
  process.stdout.write(`${machine()}\n\n`)
  const results = await measure(picked, { rounds, scale, profile: null })
  for (const each of results) printWork(each)
  printGoals(results)
  if (values.json !== undefined) writeFileSync(values.json, asJson(results, begun))
  if (values.write) writePage(results, { begun, rounds, quick: values.quick, only: values.only })
  if (results.some(({ contenders }) => contenders.some(({ failures }) => failures.length > 0))) process.exitCode = 1
}

// Being watched costs, so there are no figures.
async function profile (directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const fileOf = (work: string, contender: string) => join(resolve(directory), `${work}.${contender.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.cpuprofile`)
  const results = await measure(picked, { rounds: 1, scale, profile: fileOf })
  for (const { name, title, contenders } of results) {
    for (const contender of contenders) printProfile(`${title}: ${contender.name}`, fileOf(name, contender.name))
  }
}
