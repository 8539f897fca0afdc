import type { Accepted, CallMetrics, CallSettings, Calls as CallsPort, Recipient, RefuseEvent, Verdict, Watcher } from '../../types/index.js'
import type { Limits } from '../limits.js'
import type { CallOptions } from '../options/index.js'
import { serviceChannel, serviceName, RPC } from '../protocol/channel.js'
import { refusal, refusalCode, refusalText, type Refusal } from '../protocol/error.js'
import type { MessageId } from '../protocol/message.js'
import { Callable } from './callable.js'
import { ClientCalls } from './client-calls.js'
import { RunningCall } from './running-call.js'

const ANSWERS = serviceName(RPC)

/**
 * The service `rpc`, both ways (docs/protocol.md, section 10): calls of clients at `/service/rpc/NAME`, and what they
 * answer to calls of the application at `/service/rpc`.
 */
export class Calls implements CallsPort {
  readonly #limits: Limits
  readonly #refused: (error: Refusal) => void
  readonly #watcher: Watcher<RefuseEvent>
  readonly #callables = new Map<string, Callable>()
  readonly #running = new Map<Recipient, Set<RunningCall>>()
  readonly #toClients: ClientCalls
  readonly #counted = { callsRunning: 0, callsMade: 0, callsFailed: 0 }

  /**
   * @param refused counts an error that a client gets
   * @param watcher is told of it
   */
  constructor (limits: Limits, refused: (error: Refusal) => void, watcher: Watcher<RefuseEvent>) {
    this.#limits = limits
    this.#refused = refused
    this.#watcher = watcher
    this.#toClients = new ClientCalls(limits)
  }

  has (name: string): boolean {
    return this.#callables.has(`${ANSWERS}/${name}`)
  }

  /** Adds a call, or puts another in its place. @returns takes it away again; what runs goes on */
  set (name: string, definition: CallOptions): () => void {
    const key = `${ANSWERS}/${name}`
    const callable = new Callable(serviceChannel(key), definition)
    this.#callables.set(key, callable)
    return () => {
      if (this.#callables.get(key) === callable) this.#callables.delete(key)
    }
  }

  /** What clients may call, with its schemas. */
  * described (): Generator<readonly [name: string, call: Callable]> {
    for (const [key, callable] of this.#callables) yield [key.slice(ANSWERS.length + 1), callable]
  }

  // Clients call

  mayPublish (session: Recipient, name: string): Verdict {
    if (name === ANSWERS) return true
    const callable = this.#callables.get(name)
    if (callable === undefined) return unknownCall(name)
    const { calls } = this.#limits
    if ((this.#running.get(session)?.size ?? 0) >= calls) return refusal(429, callable.channel, `More than ${calls} calls run`)
    return callable.ask(session)
  }

  publish (session: Recipient, name: string, data: unknown, id: MessageId | undefined): Accepted {
    if (name === ANSWERS) return this.#toClients.answer(session, data)
    const callable = this.#callables.get(name)
    if (callable === undefined) return unknownCall(name)
    return callable.refuse(data) ?? (() => this.#run(session, callable, data, id))
  }

  #run (session: Recipient, callable: Callable, params: unknown, id: MessageId | undefined): void {
    const running = this.#running.get(session) ?? new Set()
    this.#running.set(session, running)
    const call = new RunningCall({
      callable,
      session,
      id,
      timeout: callable.timeout ?? this.#limits.callTimeout,
      onFailed: error => this.#failed(session, callable, error),
      onSettled: call => {
        this.#counted.callsRunning--
        running.delete(call)
        if (running.size === 0 && this.#running.get(session) === running) this.#running.delete(session)
      }
    })
    running.add(call)
    this.#counted.callsMade++
    this.#counted.callsRunning++
    call.run(params)
  }

  #failed (session: Recipient, { channel }: Callable, error: Refusal): void {
    this.#counted.callsFailed++
    this.#refused(error)
    if (!this.#watcher.hasSubscribers) return
    this.#watcher.publish({ session, address: session.caller.address, channel, subscription: undefined, code: refusalCode(error), text: refusalText(error) })
  }

  // Whoever has to subscribe before it hears anything, as Faye's and Nodefony's clients have, may.

  maySubscribe (_session: Recipient, name: string): Verdict {
    return name === ANSWERS || this.#callables.has(name) || unknownCall(name)
  }

  subscribe (): Accepted {
    return () => {}
  }

  // The application calls

  call (session: Recipient, method: string, params: unknown, settings: CallSettings): Promise<unknown> {
    return this.#toClients.call(session, method, params, settings)
  }

  // The end

  /** A session has ended: what it called is aborted, and what it was called is not answered any more. */
  ended (session: Recipient): void {
    const running = this.#running.get(session)
    this.#running.delete(session)
    for (const call of running ?? []) call.abort(new DOMException('The session has ended', 'AbortError'))
    this.#toClients.ended(session)
  }

  metrics (): CallMetrics {
    return { ...this.#counted, ...this.#toClients.metrics() }
  }
}

function unknownCall (name: string): Refusal {
  return refusal(404, serviceChannel(name), 'Unknown call')
}
