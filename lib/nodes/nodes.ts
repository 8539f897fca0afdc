import type { FastifyBaseLogger } from 'fastify'
import type { Appended, Arrived, Backplane, BackplaneHealth, BackplaneMetrics, Nodes as NodesPort, SessionHandle } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import type { Farewell } from '../broker/farewell.js'
import type { Presence } from '../broker/presence.js'
import type { Session } from '../broker/session.js'
import type { Limits } from '../limits.js'
import type { Outgoing } from '../protocol/outgoing.js'
import { Adoption, type ForSession } from './adoption.js'
import { Bus } from './bus.js'
import { Distribution } from './distribution.js'
import { Guests } from './guests.js'
import { Interests } from './interests.js'
import { Members } from './members.js'
import type { Peer } from './peers.js'
import { Reach } from './reach.js'
import { RemoteConnection } from './remote-connection.js'
import { RemoteConnections } from './remote-connections.js'
import { Signs } from './signs.js'
import type { Word, WordOf } from './words.js'

/** What a node needs to be one of several; `plugin.ts` hands it over. */
export interface NodesParts {
  readonly backplane: Backplane
  readonly limits: Limits
  readonly log: FastifyBaseLogger
}

/** Who takes which word. */
type Takers = { readonly [Say in Word['say']]: (word: WordOf<Say>, lines: readonly string[]) => void }

/**
 * This node among the others of its gateway (docs/scaling.md). What is published here goes to them and what is published
 * there comes; a session answers wherever its client knocks; who is there is known from signs of life.
 */
export class Nodes implements NodesPort {
  readonly #parts: NodesParts
  readonly #bus: Bus
  readonly #signs: Signs
  readonly #interests: Interests
  readonly #distribution: Distribution
  readonly #guests: Guests
  readonly #adoption: Adoption
  readonly #remote: RemoteConnections
  readonly #reach: Reach
  readonly #takers: Takers
  #members: Members | null = null
  #broker: Broker | null = null
  #timer: NodeJS.Timeout | null = null

  constructor (parts: NodesParts) {
    const { backplane, limits, log } = parts
    const broker = () => this.#broker as Broker
    this.#parts = parts
    this.#interests = new Interests(backplane, limits.interestLinger, () => broker().recorder?.cursors.forget())
    this.#bus = new Bus(backplane, limits.nodeSilence, {
      event: (payload, channel, interest) => this.#distribution.hear(payload, channel, interest),
      word: (word, lines) => this.#hear(word, lines),
      absent: node => this.#signs.absent(node),
      turned: up => this.#signs.turned(up)
    }, log)
    this.#signs = new Signs(this.#bus, () => this.#distribution, limits, {
      parted: (node, gone) => this.#parted(node, gone),
      lost: peer => this.#lost(peer),
      back: () => this.#broker?.recorder?.cursors.catchUp()
    })
    this.#distribution = new Distribution({ bus: this.#bus, peers: this.#signs.peers, interests: this.#interests, limits, broker })
    this.#guests = new Guests(this.#bus, broker)
    this.#adoption = new Adoption(this.#bus, this.#guests, broker)
    this.#remote = new RemoteConnections(this.#bus, broker)
    this.#reach = new Reach(this.#bus, broker)
    this.#takers = this.#takersOf()
  }

  get name (): string {
    return this.#bus.name
  }

  get guests (): number {
    return this.#guests.size
  }

  /** Begins: the node is one of many from now on. @param presence of its channels, where they have it */
  async open (broker: Broker, presence: Presence | null): Promise<void> {
    this.#broker = broker
    if (presence !== null) this.#signs.tellOf(this.#members = new Members(this.#bus, presence))
    await this.#bus.open()
    this.#timer = setInterval(() => this.#beat(), this.#parts.limits.nodeBeat).unref()
  }

  // What the broker wants

  publish (channel: string, event: Outgoing, kept: Appended | null): void {
    this.#distribution.publish(channel, event, kept)
  }

  interest (name: string, on: boolean): void {
    this.#interests.set(name, on)
  }

  expect (name: string): Promise<void> | null {
    return this.#interests.expect(name)
  }

  hears (channel: string): boolean {
    return this.#interests.hears(channel)
  }

  forward (arrived: Arrived, clientId: string): boolean {
    // It came to where its session should be.
    if (arrived.connection instanceof RemoteConnection) return false
    const node = this.#guests.homeOn(arrived.connection, clientId) ?? this.#home(clientId)
    if (node === null) return false
    const { state = 'there' } = this.#signs.peers.get(node) ?? {}
    if (this.#bus.up && state === 'there') this.#adoption.take(arrived, node, clientId)
    else this.#guests.refuse(arrived, clientId)
    return true
  }

  deliver (clientId: string, event: Outgoing): boolean {
    const node = this.#home(clientId)
    return node !== null && this.#reach.deliver(node, clientId, event)
  }

  /** A session of another node; null where there is no such node. */
  session (clientId: string): SessionHandle | null {
    const node = this.#home(clientId)
    return node === null ? null : this.#reach.session(node, clientId)
  }

  // The other node where a session should be. One that is known to be gone has none; one that is not known may be new.
  #home (clientId: string): string | null {
    const node = this.#adoption.home(clientId)
    return node === null || node === this.name || this.#signs.peers.get(node)?.state === 'gone' ? null : node
  }

  /** A session of this node is over. */
  ended (session: Session): void {
    this.#adoption.ended(session)
  }

  // Who is there

  #beat (): void {
    this.#signs.beat()
    this.#interests.sweep()
    this.#guests.sweep()
    this.#adoption.sweep()
    this.#remote.sweep()
  }

  #parted (node: string, gone: boolean): void {
    this.#bus.forget(node)
    this.#remote.parted(node)
    this.#guests.parted(node, gone)
    this.#adoption.parted(node, gone)
    this.#reach.parted(node)
  }

  #lost (peer: Peer): void {
    if (peer.state !== 'gone') return
    this.#adoption.lost(peer.name)
    // It may have kept what it did not say any more.
    this.#broker?.recorder?.cursors.catchUp()
  }

  // What they say

  #hear (word: Word, lines: readonly string[]): void {
    if (isForSession(word) && this.#adoption.follow(word, lines)) return
    const take = this.#takers[word.say] as ((word: Word, lines: readonly string[]) => void) | undefined
    take?.(word, lines)
  }

  #takersOf (): Takers {
    const signs = this.#signs
    const { recovery } = this.#distribution
    const guests = this.#guests
    const adoption = this.#adoption
    const remote = this.#remote
    const reach = this.#reach
    return {
      beat: word => signs.heard(word),
      bye: ({ from }) => signs.left(from),
      parted: ({ from }) => this.#parted(from, false),
      ask: word => recovery.answer(word),
      missed: (word, lines) => recovery.take(word, lines),
      relay: (word, [message = '']) => remote.receive(word, message),
      taken: word => remote.taken(word),
      gone: word => remote.gone(word),
      probed: word => remote.probed(word),
      answer: (word, lines) => guests.answer(word, lines),
      probe: word => guests.probe(word),
      pause: word => guests.pause(word, true),
      resume: word => guests.pause(word, false),
      left: word => guests.left(word),
      close: word => guests.close(word),
      adopt: word => adoption.give(word),
      adopted: word => adoption.come(word),
      kept: word => adoption.kept(word),
      moved: (word, lines) => adoption.moved(word, lines),
      ended: ({ clientId }) => adoption.forget(clientId),
      deliver: (word, [json = '']) => reach.delivered(word, json),
      disconnect: word => reach.disconnected(word),
      call: word => reach.called(word),
      uncall: word => reach.uncalled(word),
      called: word => reach.answered(word),
      members: word => this.#members?.take(signs.peers.of(word.from), word),
      'members?': ({ from }) => this.#members?.answer(from)
    }
  }

  // Its end

  /** The server closes: whose session lives elsewhere is sent elsewhere. */
  shut (farewell: Farewell): void {
    this.#guests.shut(farewell)
  }

  /** The last word. */
  async close (): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#members?.close()
    this.#bus.shout({ say: 'bye' })
    await this.#bus.close()
  }

  // Figures

  metrics (): BackplaneMetrics {
    const { counted } = this.#distribution
    return { ...counted, relayed: this.#guests.relayed, adopted: this.#adoption.adopted, nodes: this.#signs.peers.alive + 1, interests: this.#interests.size, guests: this.#guests.size, remoteConnections: this.#remote.size }
  }

  health (): BackplaneHealth {
    return { ok: this.#bus.up, node: this.name, nodes: this.#signs.peers.alive + 1, since: this.#bus.since, missed: this.#distribution.counted.backplaneMissed }
  }
}

function isForSession (word: Word): word is ForSession {
  const { say } = word
  return say === 'deliver' || say === 'disconnect' || say === 'call' || say === 'uncall' || say === 'relay' || say === 'adopt'
}
