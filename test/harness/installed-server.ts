/** Servers as the machine's packages install them: found, started on a free port, stopped with the test. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import type { Test as Tap } from 'tap'
import { freePort } from './free-port.js'
import { until, within } from './until.js'

/** @returns where a program is, or null; administrators' folders count, though they are not in every PATH */
export function findProgram (name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map(folder => join(folder, name)).find(isExecutable) ?? null
}

function isExecutable (path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

type Test = { after: (fn: () => unknown) => unknown }

/** Runs a test with an installed program. Without one it is skipped, but never in CI. */
export function withProgram (t: Tap, name: string, debianPackage: string, tests: (t: Tap, program: string) => Promise<void>): void {
  const program = findProgram(name)
  if (program !== null) t.test(`with ${name}`, t => tests(t, program))
  else if (process.env.CI) t.fail(`${name} is missing: apt-get install ${debianPackage}`)
  else t.pass(name, { skip: `${name} is missing: apt-get install ${debianPackage}` })
}

/**
 * Starts a server and waits until it accepts connections.
 * @param argumentsFor its arguments, given the port
 * @returns the port
 */
export async function startInstalled (t: Test, program: string, argumentsFor: (port: number) => string[]): Promise<number> {
  const port = await freePort()
  const child = spawn(program, argumentsFor(port), { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  let failed: string | null = null
  child.stderr.on('data', data => { said += String(data) })
  child.once('error', error => { failed = error.message })
  child.once('exit', code => { failed ??= `ended with ${code}: ${said}` })
  t.after(async () => {
    if (failed !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await within(exited, `${program} ends`)
  })
  await until(() => failed !== null || accepts(port), `${program} accepts connections`)
  if (failed !== null) throw new Error(`${program}: ${failed}`)
  return port
}

function accepts (port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
