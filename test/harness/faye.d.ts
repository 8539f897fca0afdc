/** The little of faye that the tests and the benchmark use; the package brings no types. */
declare module 'faye' {
  import type { Server } from 'node:http'

  export interface FayeMessage {
    channel: string
    successful?: boolean
    error?: string
    data?: unknown
    clientId?: string
    subscription?: string
    ext?: Record<string, unknown>
  }

  export interface Subscription extends PromiseLike<void> {
    cancel (): void
  }

  export interface Extension {
    incoming? (message: FayeMessage, callback: (message: FayeMessage) => void): void
    outgoing? (message: FayeMessage, callback: (message: FayeMessage) => void): void
  }

  export interface Client {
    disable (feature: string): void
    addExtension (extension: Extension): void
    connect (callback?: () => void): void
    subscribe (channel: string, callback: (data: unknown) => void): Subscription
    /** Rejects with what the server said, taken apart. */
    publish (channel: string, data: unknown): PromiseLike<void>
    disconnect (): PromiseLike<void> | undefined
    on (event: 'transport:up' | 'transport:down', callback: () => void): void
  }

  /** Decides for one message whether it is (still) to be sent. */
  export interface Scheduler {
    isDeliverable (): boolean
  }

  type SchedulerClass = new (message: FayeMessage, options: object) => Scheduler

  /** Faye's server. */
  export interface NodeAdapter {
    attach (server: Server): void
    getClient (): Client
  }

  const faye: {
    /** Times are in seconds. */
    NodeAdapter: new (options: { mount: string, timeout: number }) => NodeAdapter
    Client: new (url: string, options?: { timeout?: number, retry?: number, interval?: number, scheduler?: SchedulerClass }) => Client
    Scheduler: SchedulerClass
  }
  export default faye
}
