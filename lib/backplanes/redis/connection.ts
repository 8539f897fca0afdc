/** What a connection to Redis tells. */
export interface ConnectionEnds {
  /** It is ready now, or it is not any more. */
  changed (): void
  /** @param by the name that was subscribed to */
  heard (text: string, name: string, by: string): void
  trouble (error: Error): void
}

/**
 * A connection to Redis, made by one of the drivers. It comes back by itself. While it is not ready nothing may be asked
 * of it; what was asked and not answered when it breaks is rejected, and is not said again.
 */
export interface RedisConnection {
  /** Whether it can be asked something now. */
  readonly ready: boolean
  /** Begins; called once. */
  open (ends: ConnectionEnds): void
  /** @returns how many have got it, as the server counts */
  publish (name: string, text: string): Promise<number>
  /** Subscribes to a name, or a pattern of Redis. One that is subscribed to already stays so. */
  subscribe (name: string): Promise<unknown>
  unsubscribe (name: string): Promise<unknown>
  /** Resolves when the server has got everything that was said before. */
  ping (): Promise<unknown>
  /** Ends at once, and for good. */
  close (): void
}
