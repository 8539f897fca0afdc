import type { Policy, Session, Verdict } from '../../types/index.js'
import { serviceName } from '../protocol/channel.js'
import { after } from './after.js'

/** Who may open a service, as its definition says. */
export type Authorize = (session: Session) => Verdict

/**
 * One policy out of what the application says in several places: its `policy`, and the `authorize`
 * of the services. All must allow.
 * @param authorizeOf the rule of a service, by its name, as it is now
 */
export function compilePolicy (policy: Policy, authorizeOf: (name: string) => Authorize | undefined): Policy {
  return {
    canHandshake: policy.canHandshake?.bind(policy),
    canPublish: policy.canPublish?.bind(policy),
    canPublishWithoutSession: policy.canPublishWithoutSession?.bind(policy),
    canSubscribe (session, channel) {
      const rule = channel.startsWith('/service/') ? authorizeOf(serviceName(channel)) : undefined
      const asked = policy.canSubscribe === undefined || policy.canSubscribe(session, channel)
      if (rule === undefined) return asked
      return after(asked, said => said === true ? rule(session) : said) as Verdict
    }
  }
}
