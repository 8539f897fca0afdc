/**
 * The service `random`: says READY, then numbers from 0 to 99 at the pace it is asked for.
 *
 * `{"method":"start","params":[ms]}` starts (or changes the pace), `{"method":"stop"}` stops, `{"method":"end"}` hangs up.
 * A call with an `id` is answered, and every mistake is.
 */
import type { Socket } from 'node:net'
import { incomingLines } from './incoming-lines.js'
import { errorLine, invalidParams, methodNotFound, readCall, resultLine, RpcError, type Call } from './json-rpc.js'
import { say, textService, type TextService } from './text-service.js'

const SHORTEST = 10
const LONGEST = 3_600_000

/** @param log told when somebody starts and stops */
export function random (log: { info (text: string): void }): TextService {
  return textService(socket => {
    const ticker = new Ticker(socket, log)
    socket.on('close', () => ticker.stop())
    incomingLines(socket, line => ticker.take(line))
    say(socket, 'READY')
  })
}

/** One client's numbers. */
class Ticker {
  readonly #socket: Socket
  readonly #log: { info (text: string): void }
  #timer: NodeJS.Timeout | null = null

  constructor (socket: Socket, log: { info (text: string): void }) {
    this.#socket = socket
    this.#log = log
  }

  take (line: string): void {
    let id: Call['id'] = null
    try {
      const call = readCall(line)
      id = call.id
      const result = this.#call(call)
      if (id !== null) say(this.#socket, resultLine(result, id))
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      say(this.#socket, errorLine(error, id))
    }
  }

  #call ({ method, params }: Call): boolean {
    if (method === 'start') this.#start(params[0])
    else if (method === 'stop') this.stop()
    else if (method === 'end') this.#end()
    else throw methodNotFound(method.slice(0, 100))
    return true
  }

  #start (ms: unknown): void {
    if (typeof ms !== 'number' || !(ms >= SHORTEST && ms <= LONGEST)) {
      throw invalidParams(`expected milliseconds from ${SHORTEST} to ${LONGEST}`)
    }
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#log.info(`random: a number each ${ms} ms`)
    // A number that nobody is ready to read is left out: the next one is as good.
    this.#timer = setInterval(() => say(this.#socket, resultLine(Math.floor(Math.random() * 100))), ms)
  }

  // What is answered goes out first.
  #end (): void {
    this.stop()
    setImmediate(() => this.#socket.end())
  }

  stop (): void {
    if (this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
    this.#log.info('random: stopped')
  }
}
