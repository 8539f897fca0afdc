import type { ServiceTypes } from './types.js'
import type { CallOptions } from './deadline.js'
import { Emitter } from './emitter.js'
import { RealtimeError } from './error.js'
import { EventQueue } from './event-queue.js'
import { dispose } from './host.js'
import { Calls, requestOf, type RpcNotification } from './json-rpc.js'
import { onAbort } from './on-abort.js'
import type { Publisher } from './publisher.js'
import { DEFAULT_BOUND, iterate, type SubscribeOptions } from './subscription.js'
import type { Subscriber, Subscriptions } from './subscriptions.js'

/**
 * `connecting`: the gateway has not opened it yet, or opens it again for a new session. `connected`: it can be spoken
 * to. `reconnecting`: the gateway lost it and tries again. `ended`: it is over.
 */
export type ServiceState = 'connecting' | 'connected' | 'reconnecting' | 'ended'

export interface ServiceOptions extends SubscribeOptions {
  /** What the gateway writes to the service first: JSON-RPC for one. Again when a new session opens it anew. */
  readonly data?: unknown
}

export interface ServiceEvents<Data = any> {
  /** What the service says, but for answers to calls. While somebody listens, nothing waits for a loop. */
  data: [data: Data]
  /** With why it ended: `ended`, `idle`, `broken`, `closed` … of the gateway, and its error where it broke. */
  state: [state: ServiceState, reason: string | undefined, error: RealtimeError | null]
  /** A JSON-RPC notification. While nobody listens they are data. */
  notification: [notification: RpcNotification]
}

type Methods<Types> = ServiceTypes<Types>['methods']
type Parameters<Method> = Method extends (...parameters: infer List) => unknown ? List : readonly unknown[] | object
type Result<Method> = Method extends (...parameters: any[]) => infer Value ? Awaited<Value> : any

/** A conversation with a service of the gateway. Read what it says with `for await`, or listen to `data`. */
export class Service<Types = any> implements AsyncIterable<ServiceTypes<Types>['event']>, Disposable {
  readonly name: string
  /** Resolves when the service is open for the first time, rejects with a RealtimeError where it does not open. Nobody needs to look. */
  readonly ready: Promise<void>
  readonly #channel: string
  readonly #publisher: Publisher
  readonly #events: EventQueue<ServiceTypes<Types>['event']>
  readonly #emitter = new Emitter<ServiceEvents<ServiceTypes<Types>['event']>>()
  readonly #calls: Calls
  #state: ServiceState = 'connecting'
  #opened: Promise<void>
  #open: () => void = () => {}
  #fail: (error: RealtimeError) => void = () => {}
  #listening = 0
  #leave: (lastWords?: unknown) => void = () => {}
  #release: () => void = () => {}

  constructor (subscriptions: Subscriptions, publisher: Publisher, name: string, options: ServiceOptions) {
    const { bound = DEFAULT_BOUND, overflow = 'end', signal, data } = options
    this.name = name
    this.#channel = `/service/${name}`
    this.#publisher = publisher
    this.#events = new EventQueue(bound, overflow)
    this.#calls = new Calls((request, signal) => this.#write(request, signal))
    this.ready = this.#opened = this.#opening()
    if (signal?.aborted === true) this.#end('aborted', null)
    else this.#leave = subscriptions.join(this.#channel, data, this.#subscriber())
    this.#release = onAbort(signal, () => this.end())
  }

  get state (): ServiceState {
    return this.#state
  }

  /** Messages that were dropped because nobody read them in time. */
  get dropped (): number {
    return this.#events.dropped
  }

  /**
   * Sends something as soon as the service is open: text as it is, anything else as the service's encoding has it.
   * Resolves when the service has it.
   */
  send (data: ServiceTypes<Types>['publish'], options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#write(data, options.signal)
  }

  /**
   * Calls a method of a service that speaks JSON-RPC 2.0.
   * @throws RpcError where the service says so; RealtimeError: `timeout`, `lost` where the conversation broke, `closed`, or why it could not be sent
   */
  call<Method extends keyof Methods<Types> & string> (method: Method, params?: Parameters<Methods<Types>[Method]>, options: CallOptions = {}): Promise<Result<Methods<Types>[Method]>> {
    return this.#calls.call(method, params, options) as Promise<any>
  }

  /** Tells a JSON-RPC service something that it does not answer. */
  notify<Method extends keyof Methods<Types> & string> (method: Method, params?: Parameters<Methods<Types>[Method]>): Promise<void> {
    return this.#write(requestOf(method, params))
  }

  /** @returns stops listening */
  on<Name extends keyof ServiceEvents> (name: Name, listener: (...details: ServiceEvents<ServiceTypes<Types>['event']>[Name]) => void): () => void {
    const stop = this.#emitter.on(name, listener)
    const counts = name === 'notification' ? 1 : 0
    this.#listening += counts
    return () => {
      stop()
      this.#listening -= counts
    }
  }

  /** Ends the conversation. @param lastWords written to the service before, where nobody else of this client uses it */
  end (lastWords?: ServiceTypes<Types>['publish']): void {
    this.#leave(lastWords)
    this.#end('closed by the client', null)
    this.#events.close()
  }

  [dispose] (): void {
    this.end()
  }

  /** Reads what the service says, but for answers to calls. A loop that is left ends the conversation. */
  [Symbol.asyncIterator] (): AsyncIterableIterator<ServiceTypes<Types>['event'], undefined> {
    return iterate(this.#events, () => this.end())
  }

  async #write (data: unknown, signal?: AbortSignal): Promise<void> {
    if (this.#state !== 'connected') await this.#opened
    return await this.#publisher.publish(this.#channel, data, signal === undefined ? {} : { signal })
  }

  #subscriber (): Subscriber {
    const states: readonly string[] = ['connecting', 'connected', 'reconnecting'] satisfies ServiceState[]
    return {
      granted: () => this.#become('connected'),
      asked: () => {
        this.#calls.fail(new RealtimeError('lost', `The conversation with ${this.name} was lost`))
        this.#become('connecting')
      },
      event: message => {
        const notified = this.#listening === 0 ? null : (notification: RpcNotification) => { this.#emitter.emit('notification', notification) }
        const data = this.#calls.take(message.data, notified)
        if (data !== undefined) this.#deliver(data as ServiceTypes<Types>['event'])
      },
      state: (state, notice) => {
        if (state === 'reconnecting') this.#calls.fail(new RealtimeError('lost', `The gateway lost ${this.name}`))
        if (states.includes(state)) this.#become(state as ServiceState, notice.reason)
      },
      ended: (error, notice) => this.#end(notice?.reason ?? this.#whyEnded(error), error)
    }
  }

  // The gateway says why a service ended; without its word it did not open, or the whole client was closed.
  #whyEnded (error: RealtimeError | null): string {
    if (error === null) return 'closed by the client'
    return this.#state === 'connecting' ? 'refused' : 'closed'
  }

  #deliver (data: ServiceTypes<Types>['event']): void {
    if (!this.#emitter.emit('data', data) && !this.#events.push(data)) this.#leave()
  }

  #opening (): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => {
      this.#open = resolve
      this.#fail = reject
    })
    // Who sends sees it, and who reads does.
    opened.catch(() => {})
    return opened
  }

  #become (state: ServiceState, reason?: string, error: RealtimeError | null = null): void {
    if (this.#state === state || this.#state === 'ended') return
    if (this.#state === 'connected' && state !== 'ended') this.#opened = this.#opening()
    this.#state = state
    if (state === 'connected') this.#open()
    this.#emitter.emit('state', state, reason, error)
  }

  #end (reason: string, error: RealtimeError | null): void {
    const over = error ?? new RealtimeError('closed', `The conversation with ${this.name} is over: ${reason}`)
    if (this.#state === 'connected') this.#opened = this.#opening()
    this.#fail(over)
    this.#calls.fail(over)
    this.#become('ended', reason, error)
    this.#events.end(error)
    this.#release()
  }
}
