/** The little that the benchmark calls; the package has no types. */
declare module 'cometd-nodejs-server' {
  import type { RequestListener } from 'node:http'

  interface Server {
    readonly handle: RequestListener
    createServerChannel (name: string): { publish (session: null, data: unknown): void }
  }

  const cometd: { createCometDServer (options: Record<string, unknown>): Server }
  export default cometd
}
