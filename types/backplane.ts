/** What a backplane tells the node that it serves. */
export interface BackplaneEnds {
  /**
   * Something was published to a channel that this node has an interest in: by another node, by this one, or by anybody
   * who knows the bus. It is told once for each interest that fits, so the same may come several times; what one
   * publisher says comes in order.
   * @param payload as it was published
   * @param interest the channel or pattern that it came by
   */
  event (payload: string, channel: string, interest: string): void
  /** Another node says something to this one, or to all; what this one says to all may come back. */
  message (text: string): void
  /** Nobody of that name is there to hear what was said to it. */
  absent (node: string): void
  /** The bus is there (again): what is said from now on goes out, and every interest is known. Or it is gone. Told when it changes; at first it is gone. */
  state (up: boolean): void
  /**
   * Something went wrong that the backplane lives with, for the log: the connection broke, what was said was too long, the
   * bus refused a name. It may come often while the bus is gone.
   */
  trouble? (error: Error): void
}

/**
 * The backplane port: the bus that several nodes share, so that they are one gateway. It carries texts and knows nothing
 * of what is in them. No method throws, and none waits: while the bus is gone what is said goes nowhere, and the
 * node keeps what it needs to say again.
 *
 * A driver's connection that the application handed in stays the application's.
 */
export interface Backplane {
  /**
   * Bytes that a payload or a text may have as UTF-8. What is longer goes nowhere: whoever wants to be sure, or wants to
   * say so, looks here first. Undefined where there is no bound, or while none is known; the bus may come back with another.
   */
  readonly longest?: number | undefined
  /**
   * Begins; called once, before anything else. It resolves when the first attempt to reach the bus has settled, well or
   * not: a node whose bus is away starts all the same.
   * @param node name of this node: letters and digits, unique
   * @throws (the promise rejects) where what it was given can never work: no driver, a closed connection
   */
  open (node: string, ends: BackplaneEnds): Promise<void>
  /** To every node with an interest that fits, this one maybe among them. */
  publish (channel: string, payload: string): void
  /**
   * This node wants what is published to a channel, or under a pattern, from now on; or not any more. It is remembered
   * while the bus is gone.
   * @returns resolves when the bus knows it; at once where it is gone
   */
  interest (pattern: string, on: boolean): Promise<void>
  /** To one node. In order with what was said to it before, and with what was published. */
  send (node: string, text: string): void
  /** To all nodes. */
  shout (text: string): void
  /** Resolves when the bus has taken everything that was said before; rejects, or never settles, where it does not answer. */
  flush (): Promise<void>
  /** Ends it: no more is heard. What was said before goes out first where it can. */
  close (): Promise<void>
}
