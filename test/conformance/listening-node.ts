/** A node at a bus that keeps what it is told. */
import type { Test } from 'tap'
import type { Backplane, BackplaneEnds } from '../../lib/index.js'
import { until } from '../harness/until.js'
import type { Bus } from './backplane.js'

/** An event as it was told. */
export interface ToldEvent {
  readonly payload: string
  readonly channel: string
  readonly interest: string
}

let nodes = 0

export class ListeningNode implements BackplaneEnds {
  readonly name = `node${++nodes}x${process.pid}`
  readonly bus: Backplane
  events: ToldEvent[] = []
  /** What other nodes say, without the marks of `arrivalOf`. */
  messages: string[] = []
  /** Everything, in order. */
  all: string[] = []
  readonly missing: string[] = []
  readonly states: boolean[] = []
  readonly troubles: Error[] = []
  readonly #marks = new Set<string>()

  constructor (bus: Backplane) {
    this.bus = bus
  }

  /** Begins, and waits until the bus is there. */
  async open (): Promise<this> {
    await this.bus.open(this.name, this)
    await until(() => this.isUp, 'the bus is there')
    return this
  }

  get isUp (): boolean {
    return this.states.at(-1) === true
  }

  event (payload: string, channel: string, interest: string): void {
    this.events.push({ payload, channel, interest })
    this.all.push(payload)
  }

  message (text: string): void {
    if (text.startsWith('mark ')) {
      this.#marks.add(text)
      return
    }
    this.messages.push(text)
    this.all.push(text)
  }

  absent (node: string): void {
    this.missing.push(node)
  }

  state (up: boolean): void {
    this.states.push(up)
  }

  trouble (error: Error): void {
    this.troubles.push(error)
  }

  forget (): void {
    this.events = []
    this.messages = []
    this.all = []
  }

  /** Resolves when everything that another has said to this node, or has published, is here: it comes in order. */
  async arrivalOf (other: ListeningNode): Promise<void> {
    const mark = `mark ${++nodes}`
    other.bus.send(this.name, mark)
    await until(() => this.#marks.has(mark), `what ${other.name} said is here`)
  }

  /** Resolves when a payload was told. */
  async heardOf (payload: string): Promise<void> {
    await until(() => this.events.some(event => event.payload === payload), `${payload} is heard`)
  }

  /** Resolves when it is told that a node is not there. */
  async missed (node: string): Promise<void> {
    await until(() => this.missing.includes(node), `it is told that ${node} is not there`)
  }
}

/** Opens nodes that end with the test. */
export async function openNodes (t: Test, bus: Bus, count: number, prefix?: string): Promise<ListeningNode[]> {
  const nodes = await Promise.all(Array.from({ length: count }, async () => new ListeningNode(await bus.make(prefix)).open()))
  t.after(() => Promise.all(nodes.map(node => node.bus.close())))
  return nodes
}

/** Resolves when everything that was said by some is heard by all of them. */
export async function everyoneHasHeard (nodes: readonly ListeningNode[]): Promise<void> {
  await Promise.all(nodes.flatMap(node => nodes.map(other => node.arrivalOf(other))))
}
