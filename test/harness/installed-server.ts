/** Servers as the machine's packages install them: found, started on a free port, stopped with the test. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import type { Test } from 'tap'
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

/** Runs a test with a program of Debian. Where it is missing it is skipped, but with `CI` in the environment it fails. */
export function withProgram (t: Test, name: string, debianPackage: string, run: (t: Test, program: string) => Promise<void>): void {
  const program = findProgram(name)
  const missing = `${name} is missing: apt-get install ${debianPackage}`
  if (program !== null) t.test(name, t => run(t, program))
  else if (process.env.CI) t.fail(missing)
  else t.pass(name, { skip: missing })
}

/** What a test does when it is over. */
export type Cleaning = { after: (fn: () => unknown) => unknown }

/**
 * Starts a server and waits until it is there.
 * @param argumentsFor its arguments, given a free port
 * @param ready whether it is there; by default when it accepts connections
 * @returns the port
 */
export async function startInstalled (t: Cleaning, program: string, argumentsFor: (port: number) => string[], ready: (port: number) => unknown = accepts): Promise<number> {
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
  await until(() => failed !== null || ready(port), `${program} is there`)
  if (failed !== null) throw new Error(`${program}: ${failed}`)
  return port
}

/** Whether somebody accepts connections there. */
export function accepts (port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
