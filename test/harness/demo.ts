/** The demo as a visitor has it: its server in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { within } from './until.js'

const SERVER = fileURLToPath(new URL('../../dist/example/demo/server.js', import.meta.url))

export interface Demo {
  readonly process: ChildProcess
  /** Of its page. */
  readonly url: string
}

export interface DemoSettings {
  readonly port?: string
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Told of each line that it writes. */
  readonly onLine?: (line: string) => void
  /** What ends it with the test; whatever is not final lets it end its own processes first. */
  readonly end?: NodeJS.Signals
  /** In a process group of its own, as a shell starts it. */
  readonly detached?: boolean
}

/** Starts the demo on free ports; what is still running when the test ends is ended. */
export async function startDemo (t: Test, { port = '0', args = [], env = {}, onLine = () => {}, end = 'SIGKILL', detached = false }: DemoSettings = {}): Promise<Demo> {
  const child = spawn(process.execPath, [SERVER, ...args], { env: { ...process.env, ...env, PORT: port }, stdio: ['ignore', 'pipe', 'inherit'], detached })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(end)
    await within(ended, 'the demo ends')
  })
  return new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`the demo ended with ${code} before it was ready`)))
    createInterface({ input: child.stdout }).on('line', line => {
      onLine(line)
      const url = /^Open (http:\S+)$/.exec(line)?.[1]
      if (url !== undefined) resolve({ process: child, url })
    })
  })
}

/** Runs the demo's command to its end. */
export async function runDemo (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number, stdout: string, stderr: string }> {
  const child = spawn(process.execPath, [SERVER, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', chunk => { said.stdout += chunk })
  child.stderr.on('data', chunk => { said.stderr += chunk })
  const [code] = await once(child, 'close')
  return { code, ...said }
}

/** A way to the demo that forwards requests and refuses every upgrade, as some proxies do. @returns the URL of the page */
export async function startStubbornProxy (t: Test, target: URL): Promise<string> {
  const proxy: Server = createServer((request, response) => {
    const { method, headers, url } = request
    const forwarded = httpRequest({ host: target.hostname, port: target.port, method, headers, path: url }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    response.on('close', () => forwarded.destroy())
    request.pipe(forwarded)
  })
  proxy.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'))
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${target.pathname}`
}
