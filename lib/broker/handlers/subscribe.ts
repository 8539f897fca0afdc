import type { Link } from '../../../types/index.js'
import { plainData } from '../../protocol/binary.js'
import { readChannel, serviceName } from '../../protocol/channel.js'
import { isRefusal, refusal, type Refusal } from '../../protocol/error.js'
import type { ReplyMessage, SubscribeRequest } from '../../protocol/message.js'
import { after, isThenable, type Eventually } from '../after.js'
import type { Broker } from '../broker.js'
import { ownServiceOf, subscribeToOwn } from '../own-services.js'
import type { Replay } from '../replay.js'
import { replyTo } from '../request.js'
import type { Session } from '../session.js'
import { verdictOf } from '../verdict.js'
import { wantedReplay, type Wanted } from '../wanted.js'
import type { Handler } from './index.js'

/** How one channel of a subscribe fared. */
interface Outcome {
  readonly channel: string
  readonly error: Refusal | null
  /** The conversation that begins to be heard once the reply is on its way. */
  readonly link?: Link
  /** The past that is handed out once the reply is on its way. */
  readonly replay?: Replay
  /** Where there is nothing to replay: the id that misses nothing from now on. */
  readonly standing?: number
  /** The same of a service of the gateway itself. */
  readonly begin?: () => void
}

/**
 * `/meta/subscribe` (docs/protocol.md, sections 2 and 6): to channels, patterns and services. A service
 * is connected before the reply, and what it says comes after it.
 */
export const subscribe: Handler<'subscribe'> = (broker, request) => {
  const { message } = request.incoming
  const session = request.session as Session
  const channels = [message.subscription].flat()
  const outcomes = channels.map(channel => subscribeOne(broker, session, message, channel))
  const finish = (known: readonly Outcome[]) => {
    broker.answer(request, replies(message, session, known))
    for (const { link, replay, begin } of known) {
      link?.start()
      replay?.start()
      begin?.()
    }
  }
  if (outcomes.some(isThenable)) return Promise.all(outcomes).then(finish)
  finish(outcomes as Outcome[])
}

function subscribeOne (broker: Broker, session: Session, message: SubscribeRequest, channel: string): Eventually<Outcome> {
  const shape = readChannel(channel, broker.limits)
  if (shape === null) return { channel, error: refusal(400, channel, 'Malformed channel') }
  if (shape.kind === 'meta') return { channel, error: refusal(403, channel, 'Forbidden channel') }
  if (shape.kind === 'service' && shape.pattern) return { channel, error: refusal(403, channel, 'Services are subscribed one by one') }
  const crowded = bound(broker, session, channel)
  if (crowded !== null) return { channel, error: crowded }
  const { policy } = broker
  const asked = policy.canSubscribe === undefined || policy.canSubscribe(session, channel)
  return after(asked, said => {
    const error = session.ended
      ? refusal(402, session.id, 'Unknown client')
      : verdictOf(said, refusal(403, channel, 'Subscription denied')) ?? bound(broker, session, channel)
    if (error !== null) return { channel, error }
    if (shape.kind === 'service') return toService(broker, session, message, channel)
    return after(expect(broker, channel), () => toBroadcast(broker, session, message, channel))
  })
}

// What other nodes publish must be sure to come before the client is told that it will.
function expect (broker: Broker, channel: string): Eventually<void | null> {
  const { channels, nodes, recorder } = broker
  if (nodes === null) return
  const expected = nodes.expect(channel)
  const kept = recorder?.history.shared === true && channels?.under(channel).some(({ options }) => options.history !== undefined)
  if (kept !== true) return expected
  // The history may have taken its time, in which an interest that nobody has ends.
  return after(expected, () => after(recorder.cursors.begin(channel), () => nodes.expect(channel)))
}

function toBroadcast (broker: Broker, session: Session, message: SubscribeRequest, channel: string): Eventually<Outcome> {
  // The policy, or other nodes, may have taken their time.
  const error = session.ended ? refusal(402, session.id, 'Unknown client') : bound(broker, session, channel)
  if (error !== null) return { channel, error }
  const wanted = wantedReplay(broker, session, message, channel)
  if (wanted === null) return toChannel(broker, session, channel)
  return after(wanted, known => typeof known === 'string' ? { channel, error: known } : replayed(broker, session, channel, known))
}

function toChannel (broker: Broker, session: Session, channel: string): Outcome {
  if (!session.subscriptions.has(channel)) {
    session.subscriptions.add(channel)
    broker.subscriptions.add(channel, session)
    broker.emit('subscribe', session, channel)
  }
  return { channel, error: null }
}

function replayed (broker: Broker, session: Session, channel: string, wanted: Wanted | null): Outcome {
  // The history may have taken its time.
  const error = session.ended ? refusal(402, session.id, 'Unknown client') : bound(broker, session, channel)
  if (error !== null) return { channel, error }
  // First, for who is told of the subscription may publish there.
  const replay = wanted === null ? undefined : broker.recorder?.replays.prepare(session, wanted)
  return { ...toChannel(broker, session, channel), replay, standing: wanted?.standing }
}

// Asked before the policy, which may be dear, and after it, when others may have come in between.
function bound (broker: Broker, session: Session, channel: string): Refusal | null {
  const { subscriptions } = broker.limits
  if (session.subscriptions.has(channel) || session.subscriptions.size < subscriptions) return null
  return refusal(429, channel, `More than ${subscriptions} subscriptions`)
}

function toService (broker: Broker, session: Session, message: SubscribeRequest, channel: string): Eventually<Outcome> {
  const name = serviceName(channel)
  const known = session.links.get(name)
  if (known !== undefined) return after(known.opened, error => ({ channel, error, link: known }))
  const own = ownServiceOf(broker, channel)
  if (own !== null) return after(subscribeToOwn(broker, own, session, channel), accepted => typeof accepted === 'string' ? { channel, error: accepted } : { channel, error: null, begin: accepted })
  if (!broker.services.has(name) && broker.serviceListeners.has(channel)) {
    session.subscriptions.add(channel)
    broker.emit('subscribe', session, channel)
    return { channel, error: null }
  }
  if (session.links.size >= broker.limits.services) return { channel, error: refusal(429, channel, `More than ${broker.limits.services} services`) }
  const data = plainData(message)
  if (data === undefined && message.data !== undefined) return { channel, error: refusal(422, channel, 'Data is no Z85') }
  const link = broker.services.open(name, session, data)
  if (isRefusal(link)) return { channel, error: link }
  session.links.set(name, link)
  return after(link.opened, error => {
    if (error !== null) {
      if (session.links.get(name) === link) session.links.delete(name)
      return { channel, error }
    }
    session.subscriptions.add(channel)
    broker.emit('subscribe', session, channel)
    return { channel, error: null, link }
  })
}

// One reply where all fared alike, one for each channel where they did not.
function replies (message: SubscribeRequest, session: Session, outcomes: readonly Outcome[]): ReplyMessage[] {
  const alike = outcomes.every(({ error }) => error === null) || outcomes.length === 1
  if (!alike) return outcomes.map(outcome => reply(message, session, outcome.channel, outcome, [outcome]))
  const [first] = outcomes as [Outcome]
  return [reply(message, session, message.subscription, outcomes.length === 1 ? first : { channel: '', error: null }, outcomes)]
}

function reply (message: SubscribeRequest, session: Session, subscription: string | string[], { error, link }: Outcome, outcomes: readonly Outcome[]): ReplyMessage {
  const said: ReplyMessage = { ...replyTo(message, session.id), subscription }
  if (error !== null) Object.assign(said, { successful: false, error })
  else if (link !== undefined) said.ext = { ...said.ext, socket: link.description, service: { state: link.state } }
  for (const { channel, standing } of outcomes) {
    if (standing !== undefined) said.ext = { ...said.ext, replay: { ...said.ext?.replay as object, [channel]: standing } }
  }
  return said
}
