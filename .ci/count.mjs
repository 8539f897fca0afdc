/**
 * The verdict on a run of `npm test`: `node .ci/count.mjs OUTPUT STATUS` prints "N passed, N failed" from
 * the closing line of tap, and exits with 1 where anything failed. Skipped and todo tests did not pass.
 * What ends badly without a failed test (lint, types, build, a crash, no test at all) counts as one failure.
 */
import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'

const [, , file, status] = process.argv
const output = stripVTControlCharacters(readFileSync(file, 'utf8'))

// Only tap's own closing line stands at the margin; what a test prints is indented. The last one counts.
const closing = [...output.matchAll(/^# \{ (total: \d+.*) \}\r?$/gm)].at(-1)?.[1] ?? ''
const count = name => Number(new RegExp(`\\b${name}: (\\d+)`).exec(closing)?.[1] ?? 0)

const passed = count('pass')
let failed = count('fail')
if (failed === 0 && (passed === 0 || status !== '0')) failed = 1

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
