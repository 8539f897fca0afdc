import type { Policy, Session, Verdict } from '../../types/index.js'
import { serviceName } from '../protocol/channel.js'
import { refusal } from '../protocol/error.js'
import { after } from './after.js'
import type { Channels } from './channels.js'

/** Who may open a service or subscribe to a channel, as its definition says; false: nobody. */
export type Authorize = ((session: Session) => Verdict) | false

/**
 * One policy out of what the application says in several places: its `policy`, the `authorize` of the services,
 * and the rules of the channels. All must allow; where nothing is said of a question, it is not asked.
 * @param authorizeOf the rule of a service, by its name, as it is now
 */
export function compilePolicy (policy: Policy, authorizeOf: (name: string) => Authorize | undefined, channels: Channels | null): Policy {
  return {
    canHandshake: policy.canHandshake?.bind(policy),
    canPublish: publishRule(policy, channels),
    canPublishWithoutSession: withoutSession(policy, channels),
    canSubscribe (session, channel) {
      const asked = policy.canSubscribe === undefined || policy.canSubscribe(session, channel)
      if (channel.startsWith('/service/')) return may(asked, authorizeOf(serviceName(channel)), session)
      if (channels === null) return asked
      if (!channel.endsWith('*')) return may(asked, channels.of(channel)?.options.subscribe, session)
      // A pattern must not get around the rule of a channel that it covers.
      return channels.under(channel).reduce((said, { options }) => may(said, options.subscribe, session), asked)
    }
  }
}

function may (said: Verdict, rule: Authorize | undefined, session: Session): Verdict {
  return rule === undefined ? said : and(said, () => rule !== false && rule(session))
}

function and (said: Verdict, ask: () => Verdict): Verdict {
  return after(said, said => said === true ? ask() : said) as Verdict
}

function publishRule (policy: Policy, channels: Channels | null): Policy['canPublish'] {
  const asked = policy.canPublish?.bind(policy)
  if (channels?.some(({ publish }) => publish !== undefined) !== true) return asked
  return (session, channel, data) => {
    const rule = channels.of(channel)?.options.publish
    const said = asked === undefined || asked(session, channel, data)
    return rule === undefined ? said : and(said, () => rule === false ? refusal(405, channel) : rule(session, data))
  }
}

// Who has no session cannot be asked about.
function withoutSession (policy: Policy, channels: Channels | null): Policy['canPublishWithoutSession'] {
  const asked = policy.canPublishWithoutSession?.bind(policy)
  if (asked === undefined || channels === null) return asked
  return (caller, channel, data) => {
    const rule = channels.of(channel)?.options.publish
    if (rule === undefined) return asked(caller, channel, data)
    return rule === false ? refusal(405, channel) : false
  }
}
