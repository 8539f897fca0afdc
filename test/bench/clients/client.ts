import type { Receiver } from '../marks.js'

/** A client that is joined: it has shaken hands, and events reach it. */
export interface Client {
  subscribe (channels: readonly string[]): Promise<void>
  /** From here on all that comes is only counted. */
  count (receiver: Receiver): void
  close (): void
}

/** A client on a WebSocket, which also publishes. */
export interface SocketClient extends Client {
  /** The bytes that publish; the answer, where there is one, says the id. */
  publishing (channel: string, data: unknown, id: string): Buffer
  write (frames: Buffer): void
}

/** A client that polls, from when it is told to. */
export interface PollClient extends Client {
  poll (): void
}

/** A client that publishes by HTTP. */
export interface HttpPublisher extends Client {
  /** A request with a publish for each id. */
  publishing (channel: string, data: unknown, ids: readonly string[]): Buffer
  /** Sends a request; `done` is called with the end of its response. */
  send (request: Buffer, done: () => void): void
}

/** How a client joins. */
export type Join<Kind extends Client> = (port: number) => Promise<Kind>
