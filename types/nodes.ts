import type { Checked } from '../lib/protocol/message.js'
import type { Outgoing } from '../lib/protocol/outgoing.js'
import type { Connection } from './connection.js'
import type { Appended } from './history.js'

/** One message of a client, on its way: what it says, and where its answer goes. */
export interface Arrived {
  readonly incoming: Checked
  readonly connection: Connection
  /** Its place among the answers of an HTTP exchange. */
  readonly slot: number
  /** Whether it came alone. */
  readonly alone: boolean
}

/** The nodes port: the other nodes of this gateway, as the broker sees them. Where there is one node only, there is none. */
export interface Nodes {
  /** The name of this node: every clientId that it gives ends in it. */
  readonly name: string
  /** Connections here whose sessions live elsewhere. */
  readonly guests: number
  /**
   * Tells the others of an event that was published here.
   * @param kept where it is kept in a history that all nodes share
   */
  publish (channel: string, event: Outgoing, kept: Appended | null): void
  /** A channel or pattern has its first subscriber on this node, or has lost its last. */
  interest (name: string, on: boolean): void
  /** Somebody is about to subscribe. @returns null, or a promise that is kept when whatever others publish from now on will come */
  expect (name: string): Promise<void> | null
  /** Whether this node is told what others publish to a channel. */
  hears (channel: string): boolean
  /**
   * Takes a message for a session that lives on another node, and answers it on its connection.
   * @returns false where there is no such node
   */
  forward (arrived: Arrived, clientId: string): boolean
  /** @returns false where there is no such node */
  deliver (clientId: string, event: Outgoing): boolean
}
