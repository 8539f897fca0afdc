/**
 * Who speaks: what the gateway knows of a request or an upgrade, as a plain value. The broker never
 * holds a live request, so that one can also come from another node.
 */
export interface Caller {
  /** IP address of the client, as Fastify sees it (`trustProxy` counts). */
  readonly address: string
  /** The gateway's URL as the client addressed it: `http://host:port/realtime`. */
  readonly url: string
  /** A chosen few: `host`, `origin`, `user-agent`, `accept-language`, `x-forwarded-for`. Never `authorization` or `cookie`. */
  readonly headers: Readonly<Record<string, string>>
  /** Value of the `BAYEUX_BROWSER` cookie: the one that came, or the one that the first answer sets. */
  readonly cookie: string
  /** Whether the cookie came with the request, and so proves something. */
  readonly cookieCame: boolean
  /** The transport that it came over: `websocket`, `long-polling` … */
  readonly transport: string
  /** Whether many requests of this client share one connection (HTTP/2), so that a held poll blocks no other. */
  readonly multiplexed: boolean
  /** Whom it proves to be where nobody needs to be asked; absent where `authenticate` is. */
  readonly identity?: unknown
}
