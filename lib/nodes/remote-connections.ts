import type { Broker } from '../broker/broker.js'
import type { Checked } from '../protocol/message.js'
import type { Bus } from './bus.js'
import { RemoteConnection } from './remote-connection.js'
import type { WordOf } from './words.js'

/** The connections on other nodes that carry sessions of this one, by node and number. */
export class RemoteConnections {
  readonly #bus: Bus
  readonly #broker: () => Broker
  readonly #byNode = new Map<string, Map<number, RemoteConnection>>()

  constructor (bus: Bus, broker: () => Broker) {
    this.#bus = bus
    this.#broker = broker
  }

  get size (): number {
    let size = 0
    for (const all of this.#byNode.values()) size += all.size
    return size
  }

  /** A client has spoken to another node. @param line its message */
  receive (word: WordOf<'relay'>, line: string): void {
    const { operation, slot, alone, bare, identity } = word
    const message = JSON.parse(line)
    const connection = this.#get(word.from, word.connection) ?? this.#open(word)
    connection.receive(message, bare, identity)
    this.#broker().admission.admit({ operation, message } as Checked, connection, slot, alone)
  }

  #open ({ from, connection: number, caller, pushes }: WordOf<'relay'>): RemoteConnection {
    const all = this.#byNode.get(from) ?? new Map<number, RemoteConnection>()
    this.#byNode.set(from, all)
    const connection = new RemoteConnection(this.#bus, from, number, caller, pushes, connection => {
      if (all.get(number) === connection) all.delete(number)
      if (all.size === 0 && this.#byNode.get(from) === all) this.#byNode.delete(from)
    })
    all.set(number, connection)
    return connection
  }

  #get (node: string, number: number): RemoteConnection | undefined {
    return this.#byNode.get(node)?.get(number)
  }

  taken ({ from, connection, sent }: WordOf<'taken'>): void {
    this.#get(from, connection)?.take(sent)
  }

  probed ({ from, connection, alive }: WordOf<'probed'>): void {
    this.#get(from, connection)?.probed(alive)
  }

  /** The client is gone, or its exchange is. */
  gone ({ from, connection: number }: WordOf<'gone'>): void {
    const connection = this.#get(from, number)
    if (connection !== undefined) this.#lose(connection)
  }

  /** Looks for those that carry none; called now and then. */
  sweep (): void {
    const { handshakeWithoutConnect } = this.#broker().limits
    for (const all of this.#byNode.values()) for (const connection of all.values()) connection.sweep(handshakeWithoutConnect)
  }

  /** What was under way with a node is over, and so are its connections. */
  parted (node: string): void {
    for (const connection of [...this.#byNode.get(node)?.values() ?? []]) this.#lose(connection)
  }

  #lose (connection: RemoteConnection): void {
    connection.lose()
    this.#broker().detach(connection)
  }
}
