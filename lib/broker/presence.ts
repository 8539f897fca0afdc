import type { Accepted, Member, OwnService, Policy, PresenceMetrics, PresenceOptions, PresentMember, RealtimeEvents, Recipient, Session, Verdict } from '../../types/index.js'
import type { Limits } from '../limits.js'
import { serviceChannel } from '../protocol/channel.js'
import { refusal } from '../protocol/error.js'
import { after } from './after.js'
import type { Channels } from './channels.js'
import { newClientId } from './client-id.js'
import { Roster } from './roster.js'
import { now } from './wheel.js'

/** What presence is made of; `plugin.ts` hands it over. */
export interface PresenceParts {
  readonly channels: Channels
  readonly policy: Policy
  readonly limits: Limits
  readonly emit: <Name extends 'join' | 'leave'>(name: Name, ...args: RealtimeEvents[Name]) => void
}

/** Who tells other nodes of the members of this one. */
export interface PresenceFollower {
  joined (channel: string, member: Member): void
  left (channel: string, id: string): void
}

const NAME = 'presence'
// ms between two words to watchers, so that thousands who come at once are told of in a few messages.
const PACE = 100
// Enough of a clientId's letters to be unique, too few to be one.
const ID_LENGTH = 12

/**
 * The service `presence` (docs/protocol.md, section 11): who is on the channels that say so. A session is on a channel
 * from its subscribe to its unsubscribe or its end. `/service/presence/chat/lobby` tells of `/chat/lobby`.
 */
export class Presence implements OwnService {
  readonly #parts: PresenceParts
  readonly #rosters = new Map<string, Roster>()
  readonly #changed = new Set<Roster>()
  readonly #ids = new WeakMap<Session, string>()
  readonly #sessions = new WeakMap<Member, Session>()
  #follower: PresenceFollower | null = null
  #told = -PACE
  #timer: NodeJS.Timeout | null = null

  constructor (parts: PresenceParts) {
    this.#parts = parts
  }

  /** Who is on a channel; null where its definition says nothing of presence. */
  of (channel: string): PresentMember[] | null {
    if (this.#optionsOf(channel) === undefined) return null
    const members = this.#rosters.get(channel)?.members.values() ?? []
    return [...members].map(member => ({ ...member, session: this.#sessions.get(member) ?? null }))
  }

  // Members

  /** A session has subscribed to a channel or pattern, or to a service. */
  subscribed (session: Session, channel: string): void {
    const options = this.#optionsOf(channel)
    if (options === undefined) return
    const member: Member = { id: this.#idOf(session), since: Date.now(), ...this.#infoOf(session, channel, options) }
    this.#sessions.set(member, session)
    this.#join(channel, member, session)
    this.#follower?.joined(channel, member)
  }

  #join (channel: string, member: Member, session: Session | null): void {
    const roster = this.#rosterOf(channel)
    roster.join(member)
    this.#changes(roster)
    this.#parts.emit('join', channel, member, session)
  }

  /** A session has unsubscribed, or has ended. */
  unsubscribed (session: Recipient, channel: string): void {
    const watched = this.#rosters.get(targetOf(channel))
    watched?.unwatch(session)
    if (watched !== undefined) this.#changes(watched)
    if (this.#leave(channel, this.#idOf(session), session)) this.#follower?.left(channel, this.#idOf(session))
  }

  #leave (channel: string, id: string, session: Session | null): boolean {
    const roster = this.#rosters.get(channel)
    const member = roster?.leave(id)
    if (roster !== undefined) this.#changes(roster)
    if (member !== undefined) this.#parts.emit('leave', channel, member, session)
    return member !== undefined
  }

  /** A session has ended. */
  ended (session: Recipient): void {
    for (const channel of session.subscriptions) this.unsubscribed(session, channel)
  }

  // Members of other nodes

  /** Tells who follows of the members of this node, from now on. */
  follow (follower: PresenceFollower): void {
    this.#follower = follower
  }

  /** The members of this node. */
  * own (): Generator<[channel: string, member: Member]> {
    for (const { channel, members } of this.#rosters.values()) {
      for (const member of members.values()) if (this.#sessions.has(member)) yield [channel, member]
    }
  }

  /** Somebody is on a channel, on another node. */
  arrived (channel: string, member: Member): void {
    if (this.#optionsOf(channel) !== undefined) this.#join(channel, member, null)
  }

  /** And is there no more. */
  departed (channel: string, id: string): void {
    this.#leave(channel, id, null)
  }

  // Watchers

  mayPublish (_session: Recipient, name: string): Verdict {
    return refusal(405, serviceChannel(name), 'Presence is read-only')
  }

  publish (_session: Recipient, name: string): Accepted {
    return refusal(405, serviceChannel(name), 'Presence is read-only')
  }

  maySubscribe (session: Recipient, name: string): Verdict {
    const { policy } = this.#parts
    const channel = serviceChannel(name)
    const target = name.slice(NAME.length)
    const options = this.#optionsOf(target)
    if (options === undefined) return refusal(404, channel, 'No presence here')
    const { watch = () => true } = options
    const asked = policy.canSubscribe === undefined || policy.canSubscribe(session, target)
    return after(asked, said => said === true && watch !== false ? watch(session) : said !== true && said) as Verdict
  }

  subscribe (session: Recipient, name: string): Accepted {
    const roster = this.#rosterOf(name.slice(NAME.length))
    const { presenceMembers } = this.#parts.limits
    if (roster.members.size > presenceMembers) return refusal(413, serviceChannel(name), `More than ${presenceMembers} members`)
    return () => {
      roster.watch(session)
      this.#changes(roster)
    }
  }

  metrics (): PresenceMetrics {
    let presenceMembers = 0
    let presenceWatchers = 0
    for (const { members, watchers } of this.#rosters.values()) {
      presenceMembers += members.size
      presenceWatchers += watchers
    }
    return { presenceMembers, presenceWatchers }
  }

  #optionsOf (channel: string): PresenceOptions | undefined {
    // Who subscribes to a pattern is on none of its channels: nobody knows them all.
    return channel.endsWith('*') ? undefined : this.#parts.channels.of(channel)?.options.presence
  }

  #idOf (session: Session): string {
    const id = this.#ids.get(session) ?? newClientId().slice(0, ID_LENGTH)
    this.#ids.set(session, id)
    return id
  }

  // It is told to many, so it must be fit to be told.
  #infoOf (session: Session, channel: string, { info }: PresenceOptions): { info?: unknown } {
    if (info === undefined) return {}
    try {
      const text = JSON.stringify(info(session))
      return text === undefined ? {} : { info: JSON.parse(text) }
    } catch (error) {
      session.log.error({ err: error, channel }, 'there is no info of a member')
      return {}
    }
  }

  #rosterOf (channel: string): Roster {
    const roster = this.#rosters.get(channel) ?? new Roster(channel, serviceChannel(NAME + channel))
    this.#rosters.set(channel, roster)
    return roster
  }

  #changes (roster: Roster): void {
    this.#changed.add(roster)
    this.#timer ??= setTimeout(() => this.#tell(), Math.max(0, this.#told + PACE - now())).unref()
  }

  #tell (): void {
    const changed = [...this.#changed]
    this.#changed.clear()
    this.#timer = null
    this.#told = now()
    for (const roster of changed) {
      roster.tell()
      if (roster.empty && this.#rosters.get(roster.channel) === roster) this.#rosters.delete(roster.channel)
    }
  }
}

// The channel that a channel of this service tells of; an empty text for any other.
function targetOf (channel: string): string {
  const own = serviceChannel(NAME)
  return channel.startsWith(`${own}/`) ? channel.slice(own.length) : ''
}
