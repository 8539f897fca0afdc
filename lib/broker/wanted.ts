import type { ReplayFrom } from '../../types/index.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { SubscribeRequest } from '../protocol/message.js'
import { ALL, invalidReplay, NEW, replayAsked } from '../protocol/replay.js'
import { after, isThenable, type Eventually } from './after.js'
import type { Broker } from './broker.js'
import type { Channels } from './channels.js'
import type { Recorder } from './recorder.js'
import type { Session } from './session.js'

/** What a subscription is to be given of the past. */
export interface Wanted {
  /** The channel, or the pattern. */
  readonly subscription: string
  /** After which event; {@link ALL} for a pattern. */
  readonly from: ReplayFrom
  /** Of which channels under a pattern. */
  readonly fits: (channel: string) => boolean
  /** Where there is nothing to replay: the id that misses nothing from now on. It is said in the reply. */
  readonly standing?: number
}

/**
 * What a subscription is to be given of the past: what its message asks for (docs/protocol.md, section 9), or what
 * the channel gives to everybody (`retain`).
 * @returns null: nothing; the refusal where what it asks for is not there
 */
export function wantedReplay (broker: Broker, session: Session, message: SubscribeRequest, subscription: string): Eventually<Wanted | null | Refusal> {
  const { channels, recorder } = broker
  if (recorder === null && message.ext?.replay === undefined) return null
  const asked = replayAsked(message, subscription)
  if (typeof asked === 'string') return asked
  const pattern = subscription.endsWith('*')
  if (recorder === null || channels === null || !(pattern || channels.keeps(subscription))) return asked !== null && asked > NEW ? invalidReplay(asked) : null
  if (asked === null) return session.subscriptions.has(subscription) ? null : retained(channels, subscription, pattern)
  if (!pattern) return standing(broker, recorder, subscription, asked)
  return asked === ALL ? { subscription, from: ALL, fits: channels.keeps } : null
}

function retained (channels: Channels, subscription: string, pattern: boolean): Wanted | null {
  const some = pattern ? channels.under(subscription).some(({ options }) => options.retain) : channels.retains(subscription)
  return some ? { subscription, from: ALL, fits: channels.retains } : null
}

// Whether the id is still good, and whether there is anything after it.
function standing (broker: Broker, recorder: Recorder, subscription: string, from: ReplayFrom): Eventually<Wanted | Refusal> {
  const fits = () => true
  const failed = (error: unknown): Refusal => {
    broker.log.error({ err: error, channel: subscription }, 'a history could not be read')
    return refusal(503, subscription, 'The history is not available')
  }
  try {
    const known = after(recorder.history.since(subscription, from, 1), page => {
      if (page === null) return invalidReplay(from)
      return page.events.length > 0 ? { subscription, from, fits } : { subscription, from: page.last, fits, standing: page.last }
    })
    return isThenable(known) ? known.then(undefined, failed) : known
  } catch (error) {
    return failed(error)
  }
}
